package resource_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// toolsMachine is a machine with the programs of this one, package managers that
// the test image lacks among them. Its databases are its own.
func toolsMachine(t *testing.T, dockerArgs ...string) *rig.Machine {
	return rig.StartMachine(t, rig.WithoutSystemd(), rig.DockerArgs("--volume", "/usr:/usr:ro"), rig.DockerArgs(dockerArgs...))
}

// onceAsker asks each question once, as one-liners do.
type onceAsker struct{ testAsker }

func (a onceAsker) View() (context.Context, target.View, error) {
	return a.ctx, target.View{Target: a.target, Epoch: 1}, nil
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
		a := onceAsker{askerFor(t, m.URI("root"))}
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

func TestPackagePacman(t *testing.T) {
	m := toolsMachine(t)
	m.Exec(t, `set -e
mkdir -p /var/lib/pacman /tmp/p; cd /tmp/p
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\n' >/etc/pacman.conf
pack() {
	printf 'pkgname = %s\npkgver = %s\npkgdesc = d\narch = %s\nprovides = mailer=3\n' "$1" "$2" "$3" >.PKGINFO
	tar -cf "$1.pkg.tar" .PKGINFO
}
pack nginx-mainline 1.25.3-2 x86_64; pack vim-git 2:9.1.r12.gabcdef-1 x86_64; pack base 3-2 any; pack python-x 1.0rc1-1 any
pacman -U --noconfirm *.pkg.tar >/dev/null
rm -r /tmp/p`)
	become(t, m, "manjaro", "arch")
	a := askerFor(t, m.URI("root"))
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name) }
	g := NewWithT(t)
	g.Expect(pkg("nginx-mainline").Version()).To(Equal("1.25.3-2"))
	g.Expect(pkg("nginx-mainline").Architecture()).To(Equal("x86_64"))
	g.Expect(pkg("base").Architecture()).To(Equal("any"))
	g.Expect(pkg("nginx").Installed()).To(BeFalse())
	g.Expect(pkg("mailer").Installed()).To(BeFalse(), "what others provide is no package")
	g.Expect(pkg("vim-git").By("pacman").Version()).To(Equal("2:9.1.r12.gabcdef-1"))
	checkVersions(t, pkg("nginx-mainline"), []string{"1.25.3", "1.25.3-2", "1.25.*", "~> 1.25", "> 1.25.3-1"}, []string{"1.25", ">= 1.26", "1.25.3-1"})
	checkVersions(t, pkg("vim-git"), []string{">= 2:9", "< 10", "9.1.*"}, []string{"< 2:9"})
	checkVersions(t, pkg("python-x"), []string{"< 1.0", "> 1.0beta"}, []string{">= 1.0"})
	p := pkg("nginx")
	g.Expect(p.Installed()).To(BeFalse())
	g.Expect(p.Explain("Installed").Near).To(Equal("nginx-mainline"))
	for _, breakIt := range []string{"rm -r /var/lib/pacman/local/*", "rm -r /var/lib/pacman/local", "rm -r /var/lib/pacman"} {
		m.Exec(t, breakIt)
		_, err := pkg("nginx").Installed()
		g.Expect(err).To(MatchError(ContainSubstring("could not tell")), breakIt)
	}
	g.Expect(m.Exec(t, "ls /var/lib | grep pacman || :")).To(BeEmpty(), "asking makes no database")
}

// There is no apk to make a database with, so this is what apk-tools 2.14 writes.
const apkDatabase = `C:Q1j6ZT/dXYAlz8ZDjALkVaOVhEJaQ=
P:musl
V:1.2.4_git20230717-r4
A:x86_64
S:407298
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1QCiIWC4ZB6zGEXk3ERTZk7O0XM4=

C:Q1a=
P:nginx
V:1.24.0_rc1-r15
A:x86_64
F:etc
M:0:0:755

C:Q1b=
P:.build-deps
V:20260101.101010
A:noarch

`

func TestPackageAPK(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.WriteFile(t, "/lib/apk/db/installed", []byte(apkDatabase), 0o644)
	become(t, m, "alpine", "")
	a := askerFor(t, m.URI("root"))
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name) }
	g := NewWithT(t)
	g.Expect(pkg("musl").Version()).To(Equal("1.2.4_git20230717-r4"))
	g.Expect(pkg("musl").Architecture()).To(Equal("x86_64"))
	g.Expect(pkg(".build-deps").Installed()).To(BeTrue())
	g.Expect(pkg("so").Installed()).To(BeFalse())
	p := pkg("nginx").By("apk")
	g.Expect(p.Installed()).To(BeTrue())
	g.Expect(p.Explain("Installed").Found).To(Equal("1.24.0_rc1-r15 (apk)"))
	checkVersions(t, p, []string{"1.24.0_rc1", "1.24.0_rc1-r15", "< 1.24.0", "1.24.*", "> 1.24.0_beta9", ">= 1.24.0_rc1-r9"}, []string{"1.24.0", "1.24.0.*", ">= 1.24.0", "> 1.24.0_rc1-r15"})
	g.Expect(pkg("mus").Installed()).To(BeFalse())
	m.Exec(t, "mv /var/lib/dpkg /var/lib/dpkg.away; mkdir -p /usr/lib/apk; mv /lib/apk/db /usr/lib/apk/ 2>/dev/null || :")
	become(t, m, "wolfi", "")
	g.Expect(resource.NewPackage(askerFor(t, m.URI("root")), "musl").Installed()).To(BeTrue())
	for _, breakIt := range []string{"echo broken >$f", ": >$f", "rm $f"} {
		m.Exec(t, "f=/lib/apk/db/installed; [ -e $f ] || f=/usr$f; "+breakIt)
		_, err := pkg("nginx").Installed()
		g.Expect(err).To(MatchError(ContainSubstring("could not tell")), breakIt)
	}
}

func TestPackageManagersThatAreMissing(t *testing.T) {
	a := askerFor(t, rig.SharedMachine(t).URI("root"))
	for _, provider := range []string{"rpm", "apk", "pacman", "pip", "pip3", "gem", "npm"} {
		for _, ask := range []func(*resource.Package) error{
			func(p *resource.Package) error { _, err := p.Installed(); return err },
			func(p *resource.Package) error { _, err := p.Version(); return err },
			func(p *resource.Package) error { _, err := p.VersionSatisfies(">= 1"); return err },
		} {
			err := ask(resource.NewPackage(a, "nginx").By(provider))
			var unknown *evidence.Unknown
			NewWithT(t).Expect(errors.As(err, &unknown)).To(BeTrue(), "%s: %v", provider, err)
		}
	}
}

func TestPackageNamesThatManagersRefuse(t *testing.T) {
	a := askerFor(t, rig.SharedMachine(t).URI("root"))
	for _, c := range []struct{ provider, name, want string }{
		{"", "nginx@1.2", "WithVersion"},
		{"", "nginx_light", `'_' cannot stand there`},
		{"dpkg", "nginx_light", `'_' cannot stand there`},
		{"rpm", "httpd:x86_64", `':' cannot stand there`},
		{"pip", "requests[security]", `extras are not packages, so ask for "requests"`},
		{"pip", "requests==2.0", "WithVersion"},
		{"pip", "--version", `'-' cannot stand there`},
		{"gem", "@vue/cli", "is not a valid package name"},
		{"gem", "rails:7", `':' cannot stand there`},
		{"npm", "@vue", "@SCOPE/NAME"},
		{"npm", "@/cli", "@SCOPE/NAME"},
		{"npm", "@vue/cli@5", "WithVersion"},
		{"npm", "vue/cli", `'/' cannot stand there`},
		{"npm", "-g", `'-' cannot stand there`},
		{"pacman", "-Syu", `'-' cannot stand there`},
		{"apk", "nginx~1", `'~' cannot stand there`},
	} {
		p := resource.NewPackage(a, c.name)
		if c.provider != "" {
			p = p.By(c.provider)
		}
		_, err := p.Installed()
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.want)), "%s %s", c.provider, c.name)
	}
}
