package resource_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

// toolsMachine is a machine with the programs of this one, package managers that
// the test image lacks among them. Its databases are its own.
func toolsMachine(t *testing.T) *rig.Machine {
	return rig.StartMachine(t, rig.WithoutSystemd(),
		rig.DockerArgs("--volume", "/usr:/usr:ro", "--tmpfs", "/usr/local:exec"))
}

// become makes the machine say that it is another system.
func become(t *testing.T, m *rig.Machine, id, like string) {
	t.Helper()
	m.Exec(t, fmt.Sprintf("rm -f /etc/os-release; printf 'ID=%s\\nID_LIKE=\"%s\"\\nPRETTY_NAME=\"This %s\"\\n' >/etc/os-release", id, like, id))
}

// installRPMs makes packages and installs them, with epoch where there is one.
const installRPMs = `set -e
mkdir -p /etc/rpm /tmp/rpms; cd /tmp/rpms
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
pack() {
	printf 'Name: %s\nVersion: %s\nRelease: %s\n%s\nSummary: s\nLicense: MIT\n%%description\nd\n%%files\n' "$1" "$2" "$3" "$4" >p.spec
	rpmbuild --quiet -bb --nodebuginfo --target "$5" --define '_topdir /tmp/rpms' p.spec
}
pack httpd 2.4.6 97.el7 'Epoch: 1' x86_64
pack tzdata 2024a 1.el9 'Epoch: 0' noarch
pack python3.11 3.11~rc2 1.el9 '' x86_64
pack nano 5.6.1^20240101git 5.el9 '' x86_64
pack libstdc++ 11.4 1 '' x86_64
pack libstdc++ 11.4 1 '' i686
pack kernel 5.14.0 70.el9 '' x86_64
pack kernel 5.14.0 362.el9 '' x86_64
pack kernel 5.14.0 162.el9 '' x86_64
rpm --initdb
for f in RPMS/*/*.rpm; do rpm -i --force --nodeps --ignorearch --ignoreos --justdb "$f"; done
rm -r /tmp/rpms`

func TestPackageRPM(t *testing.T) {
	m := toolsMachine(t)
	m.Exec(t, installRPMs)
	t.Run("rocky", func(t *testing.T) {
		become(t, m, "rocky", "rhel centos fedora")
		a := askerFor(t, m.URI("root"))
		checkRPMs(t, func(name string) *resource.Package { return resource.NewPackage(a, name) })
	})
	for _, family := range []struct{ id, like string }{{"fedora", ""}, {"opensuse-leap", "suse opensuse"}, {"sles", ""}} {
		become(t, m, family.id, family.like)
		checkVersions(t, resource.NewPackage(askerFor(t, m.URI("root")), "httpd"), []string{"2.4.6"}, []string{"2.4"})
	}
	t.Run("a tool on debian", func(t *testing.T) {
		become(t, m, "debian", "")
		a := askerFor(t, m.URI("root"))
		g := NewWithT(t)
		g.Expect(resource.NewPackage(a, "httpd").By("rpm").Installed()).To(BeTrue())
		g.Expect(resource.NewPackage(a, "httpd").Installed()).To(BeFalse(), "dpkg is the own manager")
		g.Expect(resource.NewPackage(a, "nginx-light").Installed()).To(BeTrue())
		g.Expect(resource.NewPackage(a, "nginx-light").By("rpm").Installed()).To(BeFalse())
	})
	t.Run("a system of no family with two databases", func(t *testing.T) {
		become(t, m, "photon", "")
		_, err := resource.NewPackage(askerFor(t, m.URI("root")), "httpd").Installed()
		NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("databases of dpkg and rpm"), ContainSubstring("By"))))
	})
	t.Run("a system of no family with one database", func(t *testing.T) {
		m.Exec(t, "mv /var/lib/dpkg /var/lib/dpkg.away")
		checkVersions(t, resource.NewPackage(askerFor(t, m.URI("root")), "httpd"), []string{"2.4.6"}, []string{"2.4"})
	})
	t.Run("no database", func(t *testing.T) {
		m.Exec(t, "mv /var/lib/rpm /var/lib/rpm.away")
		become(t, m, "fedora", "")
		_, err := resource.NewPackage(askerFor(t, m.URI("root")), "httpd").Installed()
		NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("no database in /var/lib/rpm"))))
		become(t, m, "photon", "")
		_, err = resource.NewPackage(askerFor(t, m.URI("root")), "httpd").Installed()
		NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("/var/lib/dpkg/status (dpkg)"), ContainSubstring("/lib/apk/db/installed (apk)"))))
		NewWithT(t).Expect(m.Exec(t, "find /var/lib/rpm* -prune")).To(Equal("/var/lib/rpm.away\n"), "asking makes no database")
	})
	t.Run("an empty and a broken database", func(t *testing.T) {
		become(t, m, "fedora", "")
		for _, breakIt := range []string{"rpm --initdb", "echo broken >/var/lib/rpm/rpmdb.sqlite"} {
			m.Exec(t, "rm -rf /var/lib/rpm; mkdir /var/lib/rpm; "+breakIt)
			_, err := resource.NewPackage(askerFor(t, m.URI("root")), "httpd").Installed()
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("could not tell")), breakIt)
		}
	})
}

// checkRPMs checks what installRPMs has installed.
func checkRPMs(t *testing.T, pkg func(name string) *resource.Package) {
	t.Helper()
	for name, want := range map[string]string{
		"httpd":            "1:2.4.6-97.el7 (rpm)",
		"httpd.x86_64":     "1:2.4.6-97.el7 (rpm)",
		"httpd.i686":       "not installed",
		"httpd-2.4.6":      "not installed", // as rpm -q would have it
		"http":             "not installed",
		"tzdata":           "2024a-1.el9 (rpm)",
		"tzdata.noarch":    "2024a-1.el9 (rpm)",
		"python3.11":       "3.11~rc2-1.el9 (rpm)",
		"python3":          "not installed",
		"nano":             "5.6.1^20240101git-5.el9 (rpm)",
		"libstdc++":        "11.4-1 (rpm)",
		"libstdc++.i686":   "11.4-1 (rpm)",
		"kernel":           "5.14.0-162.el9, 5.14.0-362.el9, 5.14.0-70.el9 (rpm)",
		"libstdc++.x86_64": "11.4-1 (rpm)",
	} {
		g := NewWithT(t)
		p := pkg(name)
		g.Expect(p.Installed()).To(Equal(want != "not installed"), name)
		g.Expect(p.Explain("Installed").Found).To(Equal(want), name)
	}
	g := NewWithT(t)
	checkVersions(t, pkg("httpd"), []string{"2.4.6", "1:2.4.6-97.el7", "2.4.*", "1:2.4.*", ">= 2.4", "< 3", "~> 2.4.0", ">= 2.4.6-97.el6, < 2.4.6-98"},
		[]string{"2.4", "2.4.6-97", "2.4.60", "> 2.4.6", ">= 2:1", "~> 2.3.0"})
	checkVersions(t, pkg("python3.11"), []string{"< 3.11", ">= 3.10"}, []string{">= 3.11", "3.11.*", "3.11"})
	checkVersions(t, pkg("nano"), []string{"> 5.6.1", "< 5.6.1.1", "5.6.1.*"}, []string{"5.6.1", "<= 5.6.1"})
	checkVersions(t, pkg("kernel"), []string{">= 5.14.0-362.el9", "< 5.14.0-162.el9", "5.14.0"}, []string{"> 5.14.0-362.el9"})
	g.Expect(pkg("kernel").Version()).To(Equal("5.14.0-362.el9"), "the newest")
	g.Expect(pkg("httpd").Version()).To(Equal("1:2.4.6-97.el7"))
	g.Expect(pkg("httpd").Architecture()).To(Equal("x86_64"))
	p := pkg("httpdd")
	g.Expect(p.Installed()).To(BeFalse())
	g.Expect(p.Explain("Installed").Near).To(Equal("httpd"))
	p = pkg("httpd.i686")
	g.Expect(p.Installed()).To(BeFalse())
	g.Expect(p.Explain("Installed").Near).To(Equal("httpd.x86_64"))
	_, err := pkg("httpdd").Version()
	var missing *evidence.Missing
	g.Expect(errors.As(err, &missing)).To(BeTrue())
	_, err = pkg("httpd").VersionSatisfies("latest")
	g.Expect(err).To(MatchError(ContainSubstring("cannot be read as a version")))
}

func checkVersions(t *testing.T, p *resource.Package, yes, no []string) {
	t.Helper()
	for _, constraint := range append(yes, no...) {
		got, err := p.VersionSatisfies(constraint)
		if want := strings.Contains("\n"+strings.Join(yes, "\n")+"\n", "\n"+constraint+"\n"); err != nil || got != want {
			t.Errorf("%s: version %s: got %v, %v", p, constraint, got, err)
		}
	}
}
