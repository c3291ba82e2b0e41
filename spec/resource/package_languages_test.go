package resource_test

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/resource"
)

// The packages have names that no package of this machine has.
func TestPackagePip(t *testing.T) {
	m := toolsMachine(t, "--tmpfs", "/usr/local:exec")
	m.Exec(t, `set -e
wheel() {
	python3 - "$1" "$2" <<'PYTHON'
import sys, zipfile
name, version = sys.argv[1:]
with zipfile.ZipFile(f"/tmp/{name}-{version}-py3-none-any.whl", "w") as z:
    info = f"{name}-{version}.dist-info/"
    z.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr(info + "RECORD", "")
PYTHON
}
wheel hostwright_lint 6.22.1; wheel Foo_Bar 1.0rc1; wheel hosttorch 2.1.0+cu118; wheel epochal '1!2.0'
pip3 install --quiet --no-index --no-deps --break-system-packages --root-user-action=ignore /tmp/*.whl
rm /tmp/*.whl; touch /tmp/before`)
	a := onceAsker{askerFor(t, m.URI("root"))}
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name).By("pip") }
	g := NewWithT(t)
	g.Expect(pkg("hostwright").Installed()).To(BeFalse(), "hostwright-lint is another package")
	g.Expect(pkg("hostwright-lint").Installed()).To(BeTrue())
	g.Expect(pkg("hostwright_lint").By("pip3").Installed()).To(BeTrue())
	g.Expect(pkg("Hostwright.Lint").Installed()).To(BeTrue())
	g.Expect(pkg("foo-bar").Version()).To(Equal("1.0rc1"))
	g.Expect(resource.NewPackage(a, "foo-bar").Installed()).To(BeFalse(), "dpkg does not know it")
	checkVersions(t, pkg("foo-bar"), []string{"1.0rc1", "< 1.0", "> 1.0b9", "> 1.0.dev1"}, []string{"1.0", ">= 1.0", "1.0.*"})
	checkVersions(t, pkg("hosttorch"), []string{"2.1.0", "2.1.0+cu118", "2.1.*", ">= 2.1", "<= 2.1.0", "~> 2.1.0", "> 2.1.0+cu11"}, []string{"2.1", "> 2.1.0", "2.1.0+cu11"})
	checkVersions(t, pkg("epochal"), []string{"2.0", "1!2.0", ">= 1!1", "< 3"}, []string{"2!2.0", "< 1!2.0"})
	p := pkg("hostwright-lnt")
	g.Expect(p.Installed()).To(BeFalse())
	g.Expect(p.Explain("Installed").Near).To(ContainSubstring("hostwright_lint"))
	_, err := pkg("hosttorch").Architecture()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("pip does not tell"))))
	g.Expect(m.Exec(t, "find / -xdev -newer /tmp/before -type f; find /usr/local -newer /tmp/before -type f")).To(BeEmpty(), "asking leaves no file")
	m.Exec(t, `d=$(dirname "$(find /usr/local/lib -name 'hosttorch-*.dist-info')"); mkdir "$d/nameless-1.0.dist-info"; echo 'Metadata-Version: 2.1' >"$d/nameless-1.0.dist-info/METADATA"`)
	g.Expect(resource.NewPackage(a.testAsker, "hosttorch").By("pip").Installed()).To(BeTrue())
	_, err = resource.NewPackage(a.testAsker, "nameless").By("pip").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("could not read all packages"))))
	m.Exec(t, `mkdir -p /usr/local/bin; printf '#!/bin/sh\necho "[{"\n' >/usr/local/bin/pip; chmod +x /usr/local/bin/pip`)
	_, err = resource.NewPackage(a.testAsker, "hosttorch").By("pip").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("unexpected EOF"))))
}

func TestPackageGem(t *testing.T) {
	m := toolsMachine(t)
	m.Exec(t, `set -e
cd /tmp
build() {
	printf 'Gem::Specification.new { |s| s.name = "%s"; s.version = "%s"; s.summary = "s"; s.authors = ["a"]; s.platform = "%s" }' "$1" "$2" "$3" >x.gemspec
	gem build --silent x.gemspec
}
build hostwright-core 2.0.0 ruby; build hostwright-core 10.0.0.rc1 ruby; build hostwright-core 2.10.0 ruby
build native_one 1.2.3 x86_64-linux
gem install --silent --local --no-document *.gem
rm *.gem x.gemspec; touch before`)
	a := onceAsker{askerFor(t, m.URI("root"))}
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name).By("gem") }
	g := NewWithT(t)
	g.Expect(pkg("hostwright").Installed()).To(BeFalse())
	p := pkg("hostwright-core")
	g.Expect(p.Installed()).To(BeTrue())
	g.Expect(p.Explain("Installed").Found).To(Equal("10.0.0.rc1, 2.10.0, 2.0.0 (gem)"))
	g.Expect(p.Version()).To(Equal("10.0.0.rc1"))
	checkVersions(t, p, []string{"2.0.0", "2.10.0", "2.*", "~> 2.9", "< 10", "> 9"}, []string{"2.0", ">= 10", "10.0.0.*", "> 2.10.0, < 9", "~> 3.0"})
	g.Expect(pkg("native_one").Version()).To(Equal("1.2.3"))
	g.Expect(pkg("native_one").Architecture()).To(Equal("x86_64-linux"))
	g.Expect(pkg("bigdecimal").Installed()).To(BeTrue(), "a default gem")
	g.Expect(pkg("bigdecimal").Version()).To(MatchRegexp(`^[0-9.]+$`))
	near := pkg("hostwright-cor")
	g.Expect(near.Installed()).To(BeFalse())
	g.Expect(near.Explain("Installed").Near).To(Equal("hostwright-core"))
	g.Expect(m.Exec(t, "find / -xdev -newer /tmp/before -type f")).To(BeEmpty(), "asking leaves no file")
}

func TestPackageNPM(t *testing.T) {
	if _, err := os.Stat("/usr/bin/npm"); err != nil {
		rig.Skip(t, "npm", "there is no /usr/bin/npm: install Node.js, of which Debian's packages are some four hundred")
	}
	m := toolsMachine(t)
	m.Exec(t, `set -e
mkdir -p /opt/npm/lib; echo prefix=/opt/npm >/root/.npmrc; cd /tmp
pack() {
	mkdir p; echo "{\"name\": \"$1\", \"version\": \"$2\" $3}" >p/package.json
	npm pack --silent ./p >/dev/null; rm -r p
}
pack left-pad-plus 1.3.0; pack @vue/cli 5.0.0-rc.1; pack needs-more 1.2.3+b7 ', "peerDependencies": {"absent": "^1.0.0"}'
npm install --global --offline --silent --legacy-peer-deps --no-audit ./*.tgz
rm -r *.tgz /root/.npm; touch before`)
	a := onceAsker{askerFor(t, m.URI("root"))}
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name).By("npm") }
	g := NewWithT(t)
	g.Expect(pkg("left-pad").Installed()).To(BeFalse())
	g.Expect(pkg("left-pad-plus").Version()).To(Equal("1.3.0"))
	checkVersions(t, pkg("left-pad-plus"), []string{"1.3.0", "1.3.*", "1.*", ">= 1.3", "< 2", "~> 1.2"}, []string{"1.3", "~> 1.2.0", "> 1.3"})
	g.Expect(pkg("cli").Installed()).To(BeFalse())
	g.Expect(pkg("@vue/cli").Version()).To(Equal("5.0.0-rc.1"))
	checkVersions(t, pkg("@vue/cli"), []string{"5.0.0-rc.1", "< 5", "> 5.0.0-beta.9", ">= 4.9"}, []string{"5.0.0", "5.*", ">= 5"})
	checkVersions(t, pkg("needs-more"), []string{"1.2.3", "1.2.3+b7"}, []string{"1.2.3+b8"})
	absent := pkg("absent")
	g.Expect(absent.Installed()).To(BeFalse(), "what another one needs and is not there")
	near := pkg("@vue/clj")
	g.Expect(near.Installed()).To(BeFalse())
	g.Expect(near.Explain("Installed").Near).To(Equal("@vue/cli"))
	g.Expect(m.Exec(t, "find / -xdev -newer /tmp/before -type f; ls -d /root/.npm* /dev/null")).To(Equal("/dev/null\n/root/.npmrc\n"), "asking leaves no file")
	m.Exec(t, "rm -r /opt/npm")
	_, err := resource.NewPackage(a.testAsker, "@vue/cli").By("npm").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("ENOENT"))))
}

func TestPackageCPAN(t *testing.T) {
	m := toolsMachine(t)
	for name, line := range map[string]string{"Old/Style.pm": "our $VERSION = '1.0203';", "Dotted.pm": "our $VERSION = 'v2.10.0';", "Silent.pm": "", "Dotted/Deep.pm": "our $VERSION = '3';"} {
		module := strings.ReplaceAll(strings.TrimSuffix(name, ".pm"), "/", "::")
		m.WriteFile(t, "/etc/perl/"+name, []byte("package "+module+";\n"+line+"\n1;\n"), 0o644)
	}
	m.Exec(t, "touch /tmp/before")
	a := onceAsker{askerFor(t, m.URI("root"))}
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name).By("cpan") }
	g := NewWithT(t)
	g.Expect(pkg("Old::Style").Version()).To(Equal("1.0203"))
	g.Expect(pkg("Old").Installed()).To(BeFalse())
	g.Expect(pkg("Style").Installed()).To(BeFalse())
	g.Expect(pkg("Carp").Installed()).To(BeTrue(), "one that comes with Perl")
	checkVersions(t, pkg("Old::Style"), []string{"1.0203", ">= 1.02", "> v1.20.299", "< 1.1"}, []string{"1.020300", ">= 1.03", "1.02.*"})
	checkVersions(t, pkg("Dotted"), []string{"> v2.9", ">= 2.010"}, []string{"v2.10", "> v2.10.0"})
	checkVersions(t, pkg("Dotted::Deep"), []string{"3", "> 2.9"}, []string{"2"})
	g.Expect(pkg("Silent").Installed()).To(BeTrue())
	_, err := pkg("Silent").Version()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("does not tell the version"))))
	_, err = pkg("Foo-Bar").Installed()
	g.Expect(err).To(MatchError(ContainSubstring("is not a valid Perl module name")))
	g.Expect(m.Exec(t, "find / -xdev -newer /tmp/before -type f")).To(BeEmpty(), "asking leaves no file")
	m.WriteFile(t, "/etc/perl/Module/Metadata.pm", []byte("die 'broken';\n"), 0o644)
	_, err = resource.NewPackage(a.testAsker, "Carp").By("cpan").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("broken"))))
}

func TestPackageManagersInEachShell(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		alone := strings.HasSuffix(t.Name(), "alone")
		for provider, name := range map[string]string{"dpkg": "dpkg", "pip3": "pip", "gem": "bigdecimal", "cpan": "Carp"} {
			got, err := resource.NewPackage(a, name).By(provider).Installed()
			if got == alone || (err != nil) != alone {
				t.Errorf("%s: got %v, %v", provider, got, err)
			}
		}
		// There is nobody's database here.
		for _, provider := range []string{"rpm", "pacman", "apk"} {
			_, err := resource.NewPackage(a, "thing").By(provider).Installed()
			// busybox has an rpm of its own, which knows no databases.
			want := MatchRegexp("there is no database|knows no package at all|No such file|not found on the target|invalid option")
			NewWithT(t).Expect(err).To(MatchError(want), provider)
		}
	})
}
