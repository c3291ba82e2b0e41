package resource_test

import (
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

func TestPackageInstalled(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	arch := strings.TrimSpace(m.Exec(t, "dpkg --print-architecture"))
	for name, c := range map[string]struct {
		want  bool
		found string
	}{
		"nginx-light":       {true, "1."},
		"nginx-light:all":   {true, "1."},
		"nginx-light:amd64": {false, "not installed"}, // as dpkg-query -W says it
		"dpkg:" + arch:      {true, "1."},
		"dpkg:i386":         {false, "not installed"},
		"tcsh":              {true, ""}, // on hold
		"logrotate":         {false, `not installed: its status is "deinstall ok config-files"`},
		"nginx-ligh":        {false, "not installed"},
		"nginx-light2":      {false, "not installed"},
	} {
		g := NewWithT(t)
		p := resource.NewPackage(a, name)
		got, err := p.Installed()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got).To(Equal(c.want), name)
		g.Expect(p.Explain("Installed").Found).To(HavePrefix(c.found), name)
	}
}

func TestField_PackageRemovedButConfigured(t *testing.T) {
	g := NewWithT(t)
	p := resource.NewPackage(askerFor(t, rig.SharedMachine(t).URI("root")), "logrotate")
	g.Expect(p.Installed()).To(BeFalse())
	for _, ask := range []func() error{
		func() error { _, err := p.Version(); return err },
		func() error { _, err := p.Architecture(); return err },
		func() error { _, err := p.VersionSatisfies(">= 0"); return err },
	} {
		var missing *evidence.Missing
		err := ask()
		g.Expect(errors.As(err, &missing)).To(BeTrue())
		g.Expect(err).To(MatchError(ContainSubstring(`it is not installed: its status is "deinstall ok config-files"`)))
	}
}

func TestPackageProperties(t *testing.T) {
	m := rig.SharedMachine(t)
	g := NewWithT(t)
	p := resource.NewPackage(askerFor(t, m.URI("root")), "nginx-light")
	version, err := p.Version()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(m.Exec(t, "dpkg-query -Wf '${Version} ${Architecture}' nginx-light")).To(Equal(version + " " + must(p.Architecture())))
	g.Expect(p.VersionSatisfies(version)).To(BeTrue())
	g.Expect(p.VersionSatisfies(">= 1.10, < 100")).To(BeTrue())
	g.Expect(p.VersionSatisfies("< 1.10")).To(BeFalse())
	for _, bad := range []string{"", "latest", "=> 1"} {
		_, err = p.VersionSatisfies(bad)
		g.Expect(err).To(MatchError(ContainSubstring("cannot be read as a version")))
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPackageNear(t *testing.T) {
	g := NewWithT(t)
	a := askerFor(t, rig.SharedMachine(t).URI("root"))
	for name, near := range map[string]string{"nginx-ligth": "nginx-light", "openssh": "openssh-server", "nginx-light:arm64": "nginx-light:all"} {
		p := resource.NewPackage(a, name)
		g.Expect(p.Installed()).To(BeFalse())
		g.Expect(p.Explain("Installed").Near).To(ContainSubstring(near), name)
	}
}

func TestPackageNamesThatAreRefused(t *testing.T) {
	a := askerFor(t, "local://")
	for name, want := range map[string]string{
		"":           "the name is empty",
		"nginx*":     "never a pattern",
		"-nginx":     `'-' cannot stand there`,
		"nginx=1.22": "WithVersion",
		"nginx curl": `' ' cannot stand there`,
		"a/b":        `'/' cannot stand there`,
		"$(id)":      `'$' cannot stand there`,
	} {
		g := NewWithT(t)
		_, err := resource.NewPackage(a, name).Installed()
		var mistake *evidence.Mistake
		g.Expect(errors.As(err, &mistake)).To(BeTrue(), "%q: %v", name, err)
		g.Expect(err).To(MatchError(ContainSubstring(want)))
	}
}

func TestPackageBy(t *testing.T) {
	g := NewWithT(t)
	p := resource.NewPackage(askerFor(t, rig.SharedMachine(t).URI("root")), "nginx-light")
	g.Expect(p.By("apt").Installed()).To(BeTrue())
	g.Expect(p.By("dpkg").Installed()).To(BeTrue())
	_, err := p.By("snap").Installed()
	g.Expect(err).To(MatchError(ContainSubstring(`the package manager "snap" is not supported yet; supported so far: apk, apt, cpan, dpkg, gem, npm, pacman, pip, pip3, rpm`)))
	_, err = p.By("atp").Version()
	g.Expect(err).To(MatchError(ContainSubstring(`there is no package manager "atp"; did you mean "apt"?`)))
	g.Expect(p.Installed()).To(BeTrue(), "a chain leaves the resource as it is")
}

func TestField_PackageToolMissing(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	t.Run("its program", func(t *testing.T) {
		takeAway(t, m, "/usr/bin/dpkg-query")
		_, err := resource.NewPackage(a, "nginx").Installed()
		NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("not found on the target"), ContainSubstring("dpkg-query"))))
	})
	t.Run("its database", func(t *testing.T) {
		takeAway(t, m, "/var/lib/dpkg")
		m.Exec(t, "ln -s nowhere /var/lib/dpkg")
		_, err := resource.NewPackage(a, "nginx").Installed()
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("could not tell")))
	})
}
