package fact

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const someStatus = `Package: nginx
Status: install ok installed
Architecture: amd64
Version: 1.22.1-9+deb12u3
Conffiles:
 /etc/nginx/nginx.conf 7c5b 
 /etc/x: y 8d
Description: small, powerful web server
 Package: not a field
 .
 more

package: gone
STATUS: deinstall ok config-files
Version:	2.0


Package: held
Status: hold ok installed
Version: 1:3
Architecture: all
`

func TestParseDpkgStatus(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ParseDpkgStatus(strings.NewReader(someStatus))).To(Equal([]Package{
		{Name: "nginx", Version: "1.22.1-9+deb12u3", Architecture: "amd64", Installed: true, Status: "install ok installed"},
		{Name: "gone", Version: "2.0", Status: "deinstall ok config-files"},
		{Name: "held", Version: "1:3", Architecture: "all", Installed: true, Status: "hold ok installed"},
	}))
	g.Expect(ParseDpkgStatus(strings.NewReader("\n\n"))).To(BeEmpty())
	for text, reason := range map[string]string{
		"Package: a\nVersion: 1\n":                   "three words",
		"Version: 1\nStatus: install ok installed\n": "without a Package",
		"Package: a\nStatus: install ok installed\n": "no version",
		" continued\n":           "continues nothing",
		"Package: a\n b\n":       "line 2: it continues nothing",
		"Package: a\n\t\nB: c\n": "line 2: want a field, got white space",
		"Package: a\nStatus: install  ok installed\nVersion: 1\n":   "three words",
		"Package: a\nStatus: install ok installed\nVersion: 1":      "line 3: the file ends within it",
		"Package: a\nno colon\n":                                    "line 2: want a name",
		"Package: a\nPackage: b\n":                                  "a second Package",
		"\x00\x01binary\n":                                          "want a name",
		"Package: a\nStatus: half\n\nPackage: b\nStatus: x y z\n":   "three words",
		"Package: " + strings.Repeat("x", 5<<20) + "\nVersion: 1\n": "token too long",
	} {
		_, err := ParseDpkgStatus(strings.NewReader(text))
		g.Expect(err).To(MatchError(ContainSubstring(reason)))
		g.Expect(len(err.Error())).To(BeNumerically("<", 400))
	}
}

func TestParseDpkgStatusD(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ParseDpkgStatusD(strings.NewReader("Package: base-files\nVersion: 12.4\nArchitecture: amd64\n"))).To(Equal([]Package{
		{Name: "base-files", Version: "12.4", Architecture: "amd64", Installed: true}}))
	_, err := ParseDpkgStatusD(strings.NewReader("d41d8cd98f00b204e9800998ecf8427e  usr/share/doc\n"))
	g.Expect(err).To(HaveOccurred(), "a list of checksums is not a control file")
}

// TestParseDpkgStatus_SaysWhatDpkgSays compares with dpkg-query on a copy of this
// machine's database, in which nothing is being installed.
func TestParseDpkgStatus_SaysWhatDpkgSays(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	status, err := os.ReadFile("/var/lib/dpkg/status")
	g.Expect(err).NotTo(HaveOccurred())
	status = append(status, "\n"+statesOfPackages...)
	g.Expect(os.WriteFile(dir+"/status", status, 0o600)).To(Succeed())
	g.Expect(os.MkdirAll(dir+"/info", 0o700)).To(Succeed())
	g.Expect(os.MkdirAll(dir+"/updates", 0o700)).To(Succeed())
	query, err := exec.Command("dpkg-query", "--admindir", dir, "-W", "-f", `${Package}\t${Architecture}\t${Version}\t${Status}\n`).Output()
	g.Expect(err).NotTo(HaveOccurred())
	want, err := ParseDpkgQuery(bytes.NewReader(query))
	g.Expect(err).NotTo(HaveOccurred())
	got, err := ParseDpkgStatus(bytes.NewReader(status))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(ConsistOf(want))
	installed := map[string]bool{}
	for _, p := range got {
		installed[p.Name] = p.Installed
	}
	g.Expect(installed["zz-held"]).To(BeTrue())
	g.Expect(installed["zz-purging"]).To(BeTrue())
	for _, name := range []string{"zz-half-configured", "zz-half-installed", "zz-unpacked", "zz-awaited", "zz-pending", "zz-removed"} {
		g.Expect(installed).To(HaveKeyWithValue(name, false))
	}
}

// statesOfPackages has a package in each state that dpkg knows.
var statesOfPackages = func() string {
	var b strings.Builder
	for name, status := range map[string]string{
		"zz-half-configured": "install ok half-configured", "zz-half-installed": "install reinstreq half-installed", "zz-unpacked": "install ok unpacked",
		"zz-awaited": "install ok triggers-awaited\nTriggers-Awaited: zz-held", "zz-pending": "install ok triggers-pending\nTriggers-Pending: zz",
		"zz-removed": "deinstall ok config-files", "zz-held": "hold ok installed", "zz-purging": "purge ok installed",
	} {
		fmt.Fprintf(&b, "Package: %s\nStatus: %s\nMaintainer: a <a@b.c>\nArchitecture: all\nVersion: 1.0-1\nDescription: one\n\n", name, status)
	}
	return b.String()
}()

func FuzzParseDpkgStatus(f *testing.F) {
	f.Add(someStatus)
	f.Add("Package: a\n b\n\n#\n:\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(*strings.Reader) ([]Package, error){
			func(r *strings.Reader) ([]Package, error) { return ParseDpkgStatus(r) },
			func(r *strings.Reader) ([]Package, error) { return ParseDpkgStatusD(r) },
		} {
			all, err := parse(strings.NewReader(text))
			for _, p := range all {
				if err != nil || p.Name == "" || p.Installed && p.Version == "" || strings.ContainsAny(p.Name+p.Version, "\n") {
					t.Errorf("%+v, %v", p, err)
				}
			}
		}
	})
}
