package fact

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// dpkgListed asks dpkg-query about a database that holds this status.
func dpkgListed(t *testing.T, dir string, status []byte) ([]Package, error) {
	t.Helper()
	for _, sub := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "status"), status, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("dpkg-query", "--admindir", dir, "-W", "-f", `${Package}\t${Architecture}\t${Version}\t${Status}\n`).Output()
	if err != nil {
		return nil, err
	}
	return ParseDpkgQuery(bytes.NewReader(out))
}

func listedIn(status []byte) ([]Package, bool) {
	all, err := ParseDpkgStatus(bytes.NewReader(status))
	if err != nil {
		return nil, false
	}
	return DpkgListed(all)
}

func TestDpkgListed_OfThisMachine(t *testing.T) {
	g := NewWithT(t)
	status, err := os.ReadFile("/var/lib/dpkg/status")
	g.Expect(err).NotTo(HaveOccurred())
	got, ok := listedIn(status)
	g.Expect(ok).To(BeTrue())
	g.Expect(len(got)).To(BeNumerically(">", 100))
	want, err := dpkgListed(t, t.TempDir(), status)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal(want))
}

// stanza is a package with what dpkg never leaves out.
func stanza(name, status, arch, version string, more ...string) string {
	return fmt.Sprintf("Package: %s\nStatus: %s\nMaintainer: a <a@b.c>\nArchitecture: %s\nVersion: %s\n%sDescription: one\n two\n .\n three: four\n\n",
		name, status, arch, version, strings.Join(more, ""))
}

// TestDpkgListed_SaysWhatDpkgQuerySays has databases about which there is no doubt.
func TestDpkgListed_SaysWhatDpkgQuerySays(t *testing.T) {
	bystander := stanza("m", "install ok installed", "amd64", "1.0-1")
	for what, status := range map[string]string{
		"hold":           stanza("a", "hold ok installed", "amd64", "1"),
		"to be purged":   stanza("a", "purge ok installed", "all", "1:2.0~rc1+b-0.1"),
		"removed":        stanza("a", "deinstall ok config-files", "amd64", "12:1.0-0ubuntu1"),
		"an odd want":    stanza("a", "unknown ok installed", "amd64", "1--2"),
		"never there":    "Package: a\nStatus: install ok not-installed\nPriority: optional\nSection: x\n\n",
		"selected":       "Package: a\nStatus: install ok not-installed\nArchitecture: i386\n\n",
		"not sorted":     stanza("z", "install ok installed", "amd64", "1") + stanza("a+b", "install ok installed", "all", "1") + stanza("a", "install ok installed", "all", "1"),
		"empty lines":    "\n\n" + stanza("a", "install ok installed", "amd64", "1") + "\n\n",
		"case of fields": strings.NewReplacer("Package", "PACKAGE", "Status", "status").Replace(stanza("a", "install ok installed", "amd64", "1")),
		"virtual":        stanza("a", "install ok installed", "amd64", "1", "Provides: mail-transport-agent, v (= 1)\n"),
		"conffiles":      stanza("a", "install ok installed", "amd64", "1", "Conffiles:\n /etc/a d41d8cd98f00b204e9800998ecf8427e\n /etc/b d41d8cd98f00b204e9800998ecf8427e obsolete\n"),
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			text := []byte(status + bystander)
			got, ok := listedIn(text)
			g.Expect(ok).To(BeTrue())
			want, err := dpkgListed(t, t.TempDir(), text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(want))
		})
	}
}

// TestDpkgListed_LeavesDoubtToDpkgQuery has databases that hold a package in each state
// that does not last, and what dpkg reads in another way than it stands there, or not at
// all.
func TestDpkgListed_LeavesDoubtToDpkgQuery(t *testing.T) {
	for what, status := range map[string]string{
		"unpacked":        stanza("a", "install ok unpacked", "all", "1"),
		"half-configured": stanza("a", "install ok half-configured", "all", "1"),
		"half-installed":  stanza("a", "install reinstreq half-installed", "all", "1"),
		"awaited":         stanza("a", "install ok triggers-awaited", "all", "1", "Triggers-Awaited: m\n"),
		"pending":         stanza("a", "install ok triggers-pending", "all", "1", "Triggers-Pending: x\n"),
		"reinstreq":       stanza("a", "install reinstreq installed", "all", "1"),
		"unknown state":   stanza("a", "install ok fine", "all", "1"),
		"unknown want":    stanza("a", "want ok installed", "all", "1"),
		"selected":        "Package: m\nStatus: install ok not-installed\n\n",
		"architectures":   stanza("a", "install ok installed", "i386", "1", "Multi-Arch: same\n") + stanza("a", "install ok installed", "amd64", "1", "Multi-Arch: same\n"),
		"twice":           stanza("a", "install ok installed", "all", "1") + stanza("a", "install ok installed", "all", "2"),
		"capitals":        stanza("A", "install ok installed", "all", "1"),
		"name":            stanza("a_b", "install ok installed", "all", "1"),
		"epoch of 0":      stanza("a", "install ok installed", "all", "0:1"),
		"epoch":           stanza("a", "install ok installed", "all", "01:1"),
		"huge epoch":      stanza("a", "install ok installed", "all", "9999999999:1"),
		"no revision":     stanza("a", "install ok installed", "all", "1-"),
		"word":            stanza("a", "install ok installed", "all", "one"),
		"blank":           stanza("a", "install ok installed", "all", "1 2"),
		"no version":      stanza("a", "deinstall ok config-files", "all", ""),
		"empty":           "Package: a\nStatus: install ok not-installed\nVersion:\n\n",
		"never there":     "Package: a\nStatus: install ok not-installed\nArchitecture: all\nVersion: 0:1\n\n",
		"no architecture": stanza("a", "deinstall ok config-files", "", "1"),
		"revision":        stanza("a", "install ok installed", "all", "1", "Revision: 5\n"),
		"older revision":  stanza("a", "install ok installed", "all", "1", "package_revision: 5\n"),
		"second":          stanza("a", "install ok installed", "all", "1", "version: 1\n"),
		"continued":       stanza("a", "install ok installed", "all", "1\n 2"),
		"comment":         "# all packages\n" + stanza("a", "install ok installed", "all", "1"),
		"white space":     stanza("a", "install ok installed", "all", "1", " \n"),
		"a field of none": stanza("a", "install ok installed", "all", "1", ": x\n"),
		"torn":            strings.TrimRight(stanza("a", "install ok installed", "all", "1"), "\n"),
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			_, ok := listedIn([]byte(stanza("m", "install ok installed", "amd64", "1.0-1") + status))
			g.Expect(ok).To(BeFalse())
		})
	}
}

// TestDpkgListed_OfDatabasesAtRandom has databases that dpkg may have written, each with at
// most one odd value in it.
func TestDpkgListed_OfDatabasesAtRandom(t *testing.T) {
	r, dir, certain := rand.New(rand.NewPCG(1, 2)), t.TempDir(), 0
	for range 400 {
		odd := r.IntN(2) == 0
		pick := func(usual, other string) string {
			words := strings.Split(usual, "|")
			if odd && r.IntN(20) == 0 {
				odd, words = false, strings.Split(other, "|")
			}
			return words[r.IntN(len(words))]
		}
		var text strings.Builder
		for i := range 1 + r.IntN(6) {
			text.WriteString(stanza(
				string(rune('z'-i))+pick("|x|c+d|1.2|-a", "B|_b| c|ß"),
				pick("install|hold|deinstall|purge|unknown", "Install|")+" "+pick("ok", "reinstreq|OK")+" "+pick("installed|config-files|not-installed", "unpacked|half-configured|half-installed| installed"),
				pick("all|amd64|i386|kfreebsd-amd64", "|x y|AMD64|-a|any"),
				pick("1|1.0-1|1:2|2~rc1+b-0|1--1|0-0|12:1.-.|1~-~", "0:1|00:1|1:2:3|1-|-1|a1|1 2|1_2|2147483648:1|1:|A|"),
				pick("|Provides: q\n|X-Foo: bar\n", "Revision: 1\n|#x: y\n|-x: y\n|:\n|Version: 2\n|Package: zz\n")))
		}
		got, ok := listedIn([]byte(text.String()))
		if !ok {
			continue
		}
		certain++
		if want, err := dpkgListed(t, dir, []byte(text.String())); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v, %v\n%s", got, want, err, &text)
		}
	}
	if certain < 100 {
		t.Errorf("only %d databases were certain", certain)
	}
}

// FuzzDpkgListed changes a database: what is not in doubt is what dpkg-query says, unless
// it refuses what other fields say.
func FuzzDpkgListed(f *testing.F) {
	f.Add(someStatus)
	f.Add(stanza("a", "install ok installed", "i386", "1:1~x-2", "Multi-Arch: same\n") + stanza("a", "hold ok installed", "amd64", "1", "Multi-Arch: same\n"))
	f.Add("Package: a\nStatus: install ok not-installed\n\n" + stanza("b", "deinstall ok config-files", "all", "0:1"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := listedIn([]byte(text))
		if !ok {
			return
		}
		want, err := dpkgListed(t, dir, []byte(text))
		if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}
