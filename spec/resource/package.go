package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Package is a software package of the target's own package manager: dpkg, rpm,
// apk or pacman. A name such as libc6:i386 with dpkg, or glibc.i686 with rpm, asks
// for one architecture; without, any will do.
type Package struct {
	Base[Package]
}

// NewPackage makes a Package.
func NewPackage(a Asker, name string) *Package {
	p := &Package{}
	p.Base = New(a, "Package", name, p)
	return p
}

// By names the package manager to be asked: "apt" and "dpkg", which mean the same,
// "rpm", "apk", "pacman", "pip", "pip3", "gem", "npm" for what is installed globally,
// or "cpan" for any module that Perl finds. Without a chain it is the target's own.
// Names are the exact ones; those of Python packages mean the same with "-", "_" and
// ".".
func (p *Package) By(provider string) *Package {
	return p.Derive(func(c *Package) { c.via = provider })
}

// packageFact is what is known about one package.
type packageFact struct {
	fact.Package
	// versions are those that are installed, several at once with rpm and gem.
	versions []string
	manager  *manager
	// all are all packages, of which one may be meant that has another name.
	all []fact.Package
}

// packages are those of the target's own manager.
var packages = &target.Kind[packageFact]{
	Name: "package",
	Check: func(name string) error {
		// Which manager that is, is not known yet, and refuses more.
		return checkName(name, "._@+", "+-._:@")
	},
	Ask:   askOwn,
	Parse: answerOwn,
	Read:  packagesByFiles(packageDatabases),
	Reads: readsDatabase,
	Files: databaseFiles(packageDatabases),
}

func (f packageFact) say() (found, near string) {
	switch {
	case f.Installed:
		return strings.Join(slices.Compact(slices.Clone(f.versions)), ", ") + " (" + f.manager.name + ")", ""
	case f.Name != "":
		return fmt.Sprintf("not installed: its status is %q", f.Status), ""
	}
	return "not installed", ""
}

func (p *Package) fact(l *Look) (packageFact, error) {
	kind := packages
	if p.via != "" {
		served := slices.Sorted(maps.Keys(providers))
		if err := checkWord("package manager", p.via, served, laterProviders); err != nil {
			return packageFact{}, Refuse(&p.Base, err)
		}
		kind = providers[p.via]
	}
	f, err := Fact(l, kind, p.Name(), packageFact.say)
	if err == nil && !f.Installed {
		l.Detail(func(context.Context, target.View) (found, near string) {
			return "", strings.Join(f.manager.near(f.all, p.Name()), ", ")
		})
	}
	return f, err
}

// installed is fact of a package that must be installed.
func (p *Package) installed(l *Look) (packageFact, error) {
	f, err := p.fact(l)
	if err == nil && !f.Installed {
		err = p.notInstalled(l, f)
	}
	return f, err
}

// notInstalled is the error of asking for an attribute of a package that is not
// installed. What is left of it is told.
func (p *Package) notInstalled(l *Look, f packageFact) error {
	e := &evidence.Missing{Evidence: l.Explain(), What: p.String()}
	if f.Name != "" {
		e.Instead = fmt.Sprintf("is not installed: its status is %q", f.Status)
	}
	return e
}

// Installed reports whether the package is installed: its status says so. One that
// was removed and left its configuration is not, one that is on hold is, and one
// that is unpacked or half configured is not.
func (p *Package) Installed() (bool, error) {
	f, err := p.fact(NewLook(&p.Base, "Installed"))
	return err == nil && f.Installed, err
}

// Version is the full version of the installed package, as the package manager
// writes it: "1:2.39.5-0+deb12u2". Of several that are installed at once, as
// kernels with rpm, it is the newest. A package that is not installed is an error.
func (p *Package) Version() (string, error) {
	l := NewLook(&p.Base, "Version")
	f, err := p.installed(l)
	if err != nil {
		return "", err
	}
	newest := f.versions[0]
	for _, v := range f.versions[1:] {
		if v == newest {
			continue
		}
		order, err := f.manager.versions.Compare(v, newest)
		if err != nil {
			return "", l.Unknown("which of the installed versions is the newest cannot be told: "+err.Error(), "")
		}
		if order > 0 {
			newest = v
		}
	}
	if newest == "" {
		return "", l.Unknown(f.manager.name+" does not tell the version", "")
	}
	return newest, nil
}

// VersionSatisfies reports whether the installed version is the one given, or
// satisfies a constraint; see fact.ParseConstraint for what can be written. Of
// several that are installed at once one is enough. A package that is not installed
// is an error, and so is a constraint that cannot be read.
func (p *Package) VersionSatisfies(constraint string) (bool, error) {
	l := NewLook(&p.Base, "VersionSatisfies")
	f, err := p.fact(l)
	if err != nil {
		return false, err
	}
	rules := f.manager.versions
	c, err := fact.ParseConstraint(constraint, rules)
	if err != nil {
		return false, Refuse(&p.Base, err)
	}
	if !f.Installed {
		return false, p.notInstalled(l, f)
	}
	var unread []error
	for _, v := range f.versions {
		ok, err := c.Allows(v, rules)
		if ok {
			return true, nil
		}
		if err != nil {
			unread = append(unread, err)
		}
	}
	if unread != nil {
		return false, l.Unknown(errors.Join(unread...).Error(), "")
	}
	return false, nil
}

// CheckVersion returns what is wrong with a constraint, whatever is installed: a
// target's own package manager is not known yet, so a constraint that one of them
// could read is right.
func (p *Package) CheckVersion(constraint string) error {
	possible := []*manager{dpkg, rpm, apk, pacman}
	if m := managerOf(p.via); m != nil {
		possible = []*manager{m}
	}
	var first error
	for _, m := range possible {
		_, err := fact.ParseConstraint(constraint, m.versions)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return Refuse(&p.Base, first)
}

// Architecture is what the installed package was built for, as the package manager
// writes it: "amd64" and "all", "x86_64" and "noarch". Of several that are installed
// at once it is that of the first. A package that is not installed is an error, and
// so is one whose manager does not tell.
func (p *Package) Architecture() (string, error) {
	l := NewLook(&p.Base, "Architecture")
	f, err := p.installed(l)
	if err != nil {
		return "", err
	}
	if f.Architecture == "" {
		return "", l.Unknown(f.manager.name+" does not tell for which architecture it is", "")
	}
	return f.Architecture, nil
}
