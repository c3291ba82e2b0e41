package matchers_test

import (
	"context"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
	"github.com/hostspec/hostspec/spec/target"
)

// onceAsker asks each question once, as one-liners do.
type onceAsker struct{ *resourcetest.Target }

func (a onceAsker) View() (context.Context, target.View, error) {
	ctx, v, err := a.Target.View()
	v.Epoch = 1
	return ctx, v, err
}

// TestPackageMatchersBy asks each package manager about one package of version 2.0,
// or about what it comes with itself.
func TestPackageMatchersBy(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd(), rig.DockerArgs("--volume", "/usr:/usr:ro"))
	m.Exec(t, `set -e
mkdir -p /etc/rpm /var/lib/pacman /tmp/p; cd /tmp/p
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
printf 'Name: thing\nVersion: 2.0\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%%description\nd\n%%files\n' >thing.spec
rpmbuild --quiet -bb --define '_topdir /tmp/p' thing.spec; rpm --initdb; rpm -i --nodeps --justdb RPMS/noarch/*.rpm
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\n' >/etc/pacman.conf
printf 'pkgname = thing\npkgver = 2.0-1\narch = any\n' >.PKGINFO; tar -cf thing.pkg.tar .PKGINFO; pacman -U --noconfirm thing.pkg.tar >/dev/null`)
	alpine := rig.StartMachine(t, rig.WithoutSystemd())
	alpine.WriteFile(t, "/lib/apk/db/installed", []byte("P:thing\nV:2.0-r1\nA:noarch\n\n"), 0o644)
	a, onAlpine := onceAsker{askerFor(t, m.URI("root"))}, onceAsker{askerFor(t, alpine.URI("root"))}
	for provider, name := range map[string]string{
		"dpkg": "dpkg", "rpm": "thing", "apk": "thing", "pacman": "thing", "pip": "pip", "pip3": "pip", "gem": "bigdecimal", "npm": "npm",
	} {
		if _, err := os.Stat("/usr/bin/npm"); err != nil && provider == "npm" {
			continue // TestPackageNPM is skipped, and says why
		}
		a := a
		if provider == "apk" {
			a = onAlpine
		}
		there, away := resource.NewPackage(a, name).By(provider), resource.NewPackage(a, name+"g").By(provider)
		holds(t, there, BeInstalled(), `should not be installed`, "found    ", "("+provider+")")
		holds(t, there, BeInstalled().WithVersion(">= 1.0, < 99"), "should not be installed with version >= 1.0, < 99")
		fails(t, there, BeInstalled().WithVersion("> 99"), "should be installed with version > 99", "("+provider+")")
		errs(t, there, BeInstalled().WithVersion("newest"), `"newest" cannot be read as a version`)
		holds(t, there, HaveVersion("< 99"), "should not have version < 99")
		holds(t, there, HaveVersion(MatchRegexp(`^[0-9]+\.`)))
		fails(t, there, HaveVersion("99.*"), "should have version 99.*")
		fails(t, away, BeInstalled(), "found    not installed", "near     "+name)
		fails(t, away, BeInstalled().WithVersion("1.0"), "found    not installed")
		errs(t, away, HaveVersion("1.0"), `Package "`+name+`g" (`+provider+`): it does not exist`)
	}
	m.Exec(t, "rm -r /var/lib/rpm /var/lib/pacman /var/lib/dpkg; ln -s nowhere /var/lib/dpkg")
	alpine.Exec(t, "rm /lib/apk/db/installed")
	for _, provider := range []string{"dpkg", "rpm", "apk", "pacman"} {
		a := a.Target
		if provider == "apk" {
			a = onAlpine.Target
		}
		errs(t, resource.NewPackage(a, "thing").By(provider), BeInstalled(), "could not tell")
		errs(t, resource.NewPackage(a, "thing").By(provider), HaveVersion("1.0"), "could not tell")
	}
	nobody := askerFor(t, rig.SharedMachine(t).URI("root"))
	for _, provider := range []string{"pip", "pip3", "gem", "npm"} {
		errs(t, resource.NewPackage(nobody, "thing").By(provider), BeInstalled(), "could not tell")
		errs(t, resource.NewPackage(nobody, "thing").By(provider), HaveVersion("1.0"), "could not tell")
	}
}
