package resource

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/fact"
)

// awks are the programs that dpkgAwk is tested with.
var awks = [][]string{{"awk"}, {"busybox", "awk"}}

// listedByAwk returns what dpkgAwk prints about a status file, and whether it is certain.
func listedByAwk(t *testing.T, awk []string, status string) ([]fact.Package, bool) {
	t.Helper()
	cmd := exec.Command(awk[0], append(slices.Clone(awk[1:]), dpkgAwk)...)
	cmd.Env, cmd.Stdin = append(os.Environ(), "LC_ALL=C"), strings.NewReader(status)
	out, err := cmd.Output()
	if err != nil {
		if len(out) > 0 {
			t.Errorf("it failed and printed %q", out)
		}
		return nil, false
	}
	all, err := parseDpkgList(bytes.NewReader(out))
	if err != nil {
		t.Error(err)
	}
	return all, true
}

// listedByUs is what is read where files are.
func listedByUs(status string) ([]fact.Package, bool) {
	all, err := fact.ParseDpkgStatus(strings.NewReader(status))
	if err != nil {
		return nil, false
	}
	return fact.DpkgListed(all)
}

// stanza is a package with what dpkg never leaves out.
func stanza(name, status, arch, version, more string) string {
	return "Package: " + name + "\nStatus: " + status + "\nMaintainer: a <a@b.c>\nArchitecture: " + arch + "\nVersion: " + version + "\n" + more +
		"Description: one\n two\n .\n  \xe2\x80\xa2 three: four\n\n"
}

// TestDpkgAwk_IsCertainOfWhatLasts has databases as dpkg leaves them.
func TestDpkgAwk_IsCertainOfWhatLasts(t *testing.T) {
	ours, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		t.Fatal(err)
	}
	const ok = "install ok installed"
	for what, status := range map[string]string{
		"of this machine": string(ours),
		"hold":            stanza("a", "hold ok installed", "amd64", "1", ""),
		"to be purged":    stanza("a", "purge ok installed", "all", "1:2.0~rc1+b-0.1", ""),
		"removed":         stanza("a", "deinstall ok config-files", "amd64", "12:1.0-0ubuntu1", ""),
		"never there":     stanza("b", ok, "all", "1", "") + "Package: a\nStatus: install ok not-installed\nPriority: optional\n\n",
		"not sorted":      stanza("z", ok, "amd64", "1", "") + stanza("a+b", ok, "all", "1", "") + stanza("a", ok, "all", "1", ""),
		"selected":        stanza("b", ok, "i386", "1", "Multi-Arch: same\n") + "Package: a\nStatus: install ok not-installed\nArchitecture: i386\n\n",
		"empty lines":     "\n\n" + stanza("a", ok, "amd64", "1", "") + "\n\n",
		"conffiles":       stanza("a", ok, "amd64", "1", "Conffiles:\n /etc/a d41d8cd98f00b204e9800998ecf8427e\nX-Other: 1\n"),
	} {
		for _, awk := range awks {
			t.Run(what+" "+strings.Join(awk, " "), func(t *testing.T) {
				want, certain := listedByUs(status)
				got, ok := listedByAwk(t, awk, status)
				if !certain || !ok || !slices.Equal(got, want) {
					t.Errorf("got %v, %v; want %v, %v", got, ok, want, certain)
				}
			})
		}
	}
}

// TestDpkgAwk_KnowsNoBetter changes a database everywhere: what awk is certain of, we are
// certain of, too, and read the same. TestDpkgListed asks dpkg-query about that.
func TestDpkgAwk_KnowsNoBetter(t *testing.T) {
	base := stanza("a", "install ok installed", "i386", "1:1~x-2", "Multi-Arch: same\n") + stanza("c", "hold ok installed", "amd64", "1", "Multi-Arch: same\n") +
		"Package: n\nStatus: install ok not-installed\n\n" + stanza("b", "deinstall ok config-files", "all", "3-1", "")
	lines := slices.Collect(strings.Lines(base))
	doubtful := []string{"", "\n", " \n", " \v\n", " \f\r\n", "\t\n", " x\n", "\tx\n", ": x\n", "x\n", "X\n", "# x\n", "-x: y\n", "Revision: 5\n", "package_revision: 5\n", "PACKAGE-Revision: 5\n", "version: 1\n",
		"Version: 1\n", "Version:1\n", "Version : 1\n", "Version:  1\n", "Version: 0:1\n", "Version: 01:1\n", "Version: 9999999999:1\n", "Version: 1-\n", "Version: one\n", "Version: 1 2\n", "Version: \n",
		"Version: 1\r\n", "Version: 1\n 2\n", "Package: a\n", "Package: A\n", "Package: a_b\n", "Package: n\n", "Package: \n", "Package: b", "Architecture: \n", "Architecture: i386\n", "Architecture: a b\n",
		"Architecture: amd64\n", "Status: install ok installed\n", "Status: install ok unpacked\n", "Status: install reinstreq installed\n", "Status: want ok installed\n", "Status: install ok\n", "Status: install  ok installed\n",
		"Status: install ok not-installed\n", "Status: install ok triggers-pending\n", "Status: install ok installed \n", "Status: INSTALL ok installed\n", "\v\n", "\xff: x\n", "A\xffB: x\n", "Description: \xff\n"}
	sure := 0
	for i := range lines {
		for j, line := range doubtful {
			replaced := strings.Join(slices.Concat(lines[:i], []string{line}, lines[i+1:]), "")
			inserted := strings.Join(slices.Concat(lines[:i], []string{line}, lines[i:]), "")
			for _, status := range []string{replaced, inserted, strings.Join(lines[:i], "") + line} {
				got, ok := listedByAwk(t, awks[(i+j)%len(awks)], status)
				if !ok {
					continue
				}
				sure++
				if want, certain := listedByUs(status); !certain || !slices.Equal(got, want) {
					t.Errorf("%q:\ngot  %v\nwant %v, %v", status, got, want, certain)
				}
			}
		}
	}
	if sure < 100 {
		t.Errorf("it was certain %d times", sure)
	}
}

// TestDpkgScript_LeavesDoubtToDpkgQuery, which reads another database here.
func TestDpkgScript_LeavesDoubtToDpkgQuery(t *testing.T) {
	whole := stanza("zz-a", "install ok installed", "all", "1", "")
	for what, c := range map[string]struct {
		files map[string]string
		env   string
		awk   bool
	}{
		"at rest":         {map[string]string{"status": whole, "triggers/Unincorp": "", "updates/.lock": ""}, "", true},
		"an update":       {map[string]string{"status": whole, "triggers/Unincorp": "", "updates/0001": "x"}, "", false},
		"a trigger waits": {map[string]string{"status": whole, "triggers/Unincorp": "/x -\n"}, "", false},
		"another folder":  {map[string]string{"status": whole, "triggers/Unincorp": ""}, "DPKG_ADMINDIR=/var/lib/dpkg", false},
		"another root":    {map[string]string{"status": whole, "triggers/Unincorp": ""}, "DPKG_ROOT=", false},
		"in doubt":        {map[string]string{"status": whole + whole, "triggers/Unincorp": ""}, "", false},
		"architectures": {map[string]string{"status": stanza("a", "install ok installed", "i386", "1", "Multi-Arch: same\n") + stanza("a", "install ok installed", "amd64", "1", "Multi-Arch: same\n"),
			"triggers/Unincorp": ""}, "", false},
		"empty":       {map[string]string{"status": "", "triggers/Unincorp": ""}, "", false},
		"no status":   {map[string]string{"triggers/Unincorp": ""}, "", false},
		"no triggers": {map[string]string{"status": whole}, "", false},
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "updates"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range c.files {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, shell := range [][]string{{"dash"}, {"bash"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
			t.Run(what+" "+strings.Join(shell, " "), func(t *testing.T) {
				cmd := exec.Command(shell[0], append(slices.Clone(shell[1:]), "-c", dpkgScript(dir))...)
				cmd.Env = append(os.Environ(), c.env)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				all, err := parseDpkgList(bytes.NewReader(out))
				if err != nil {
					t.Fatal(err)
				}
				if ours := len(all) == 1 && all[0].Name == "zz-a"; ours != c.awk || !ours && len(all) < 100 {
					t.Errorf("whether awk was asked: %v\n%.200s", ours, out)
				}
			})
		}
	}
}
