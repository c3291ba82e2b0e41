package fact

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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
Architecture: all`

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
		" continued\n":             "continues nothing",
		"Package: a\nno colon\n":   "line 2: want a name",
		"Package: a\nPackage: b\n": "a second package",
		"\x00\x01binary":           "want a name",
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
	g.Expect(err).To(HaveOccurred(), "a list of checksums is no control file")
}

// TestParseDpkgStatus_SaysWhatDpkgSays compares with dpkg-query, over a copy of this
// machine's database: somebody may be installing something.
func TestParseDpkgStatus_SaysWhatDpkgSays(t *testing.T) {
	g := NewWithT(t)
	status, err := os.ReadFile("/var/lib/dpkg/status")
	g.Expect(err).NotTo(HaveOccurred())
	dir := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(dir, "status"), status, 0o644)).To(Succeed())
	g.Expect(os.Mkdir(filepath.Join(dir, "updates"), 0o755)).To(Succeed())
	query, err := exec.Command("dpkg-query", "--admindir", dir, "-W", "-f", `${Package}\t${Architecture}\t${Version}\t${Status}\n`).Output()
	g.Expect(err).NotTo(HaveOccurred())
	want, err := ParseDpkgQuery(bytes.NewReader(query))
	g.Expect(err).NotTo(HaveOccurred())
	got, err := ParseDpkgStatus(bytes.NewReader(status))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(ConsistOf(want))
}

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
