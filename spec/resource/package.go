package resource

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Package is a software package of the target's own package manager. On Debian
// a name such as libc6:i386 asks for one architecture; without, any will do.
type Package struct {
	Base[Package]
	provider string
}

// NewPackage makes a Package.
func NewPackage(a Asker, name string) *Package {
	p := &Package{}
	p.Base = New(a, "Package", name, p)
	return p
}

// By names the package manager to be asked. Only "apt" and "dpkg", which mean the
// same, are supported so far; without a chain it is the target's own.
func (p *Package) By(provider string) *Package {
	return p.Derive(func(c *Package) { c.provider = provider })
}

// packageFact is what is known about one package, and which names are near it.
type packageFact struct {
	fact.Package
	near []string
}

var packages = &target.Kind[packageFact]{
	Name:  "package",
	Check: checkPackage,
	Ask: func(sys target.System, names []string) ([]target.Question, error) {
		if sys.Family() != "debian" {
			return nil, fmt.Errorf("packages of %s cannot be asked for yet: only dpkg is supported", sys)
		}
		// All packages cost no more than one, never make dpkg-query complain,
		// and show what is near a name that is not there.
		return []target.Question{{
			Names:  names,
			Script: `dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${Status}\n'`,
			Show:   "dpkg-query -W",
		}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[packageFact], error) {
		if !o.Status.Success() {
			return nil, fmt.Errorf("dpkg-query failed: %s", firstWords(o))
		}
		all, err := fact.ParseDpkgQuery(bytes.NewReader(o.Stdout))
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			// A database that is gone looks like this, too, and exit 0 with it.
			return nil, fmt.Errorf("dpkg knows no package at all, not even itself")
		}
		out := map[string]target.Answer[packageFact]{}
		for _, name := range q.Names {
			out[name] = target.Answer[packageFact]{Fact: findPackage(all, name)}
		}
		return out, nil
	},
	Files: packageFiles, Offline: packagesOffline,
}

// checkPackage refuses what no package is called. A pattern, or a version behind
// the name, must not quietly mean that nothing is installed.
func checkPackage(name string) error {
	if name == "" {
		return fmt.Errorf("the name is empty")
	}
	for i, r := range name {
		letter := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		switch {
		case letter || i > 0 && strings.ContainsRune("+-._:", r):
		case r == '=' || r == '<' || r == '>':
			return fmt.Errorf("%q is no name of a package: a version is asked for by BeInstalled().WithVersion(...)", name)
		case r == '*' || r == '?' || r == '[':
			return fmt.Errorf("%q is no name of a package: one package is asked for, never a pattern", name)
		default:
			return fmt.Errorf("%q is no name of a package: %q cannot stand there", name, r)
		}
	}
	return nil
}

// findPackage looks for a package by its exact name, or NAME:ARCHITECTURE as
// dpkg says it. Of several architectures the one that is installed counts.
func findPackage(all []fact.Package, name string) packageFact {
	bare, arch, qualified := strings.Cut(name, ":")
	var found packageFact
	for _, p := range all {
		if p.Name == bare && (!qualified || p.Architecture == arch) && (found.Name == "" || p.Installed && !found.Installed) {
			found.Package = p
		}
	}
	if found.Installed {
		return found
	}
	var names []string
	for _, p := range all {
		if p.Installed && p.Name == bare { // for another architecture
			found.near = append(found.near, p.Name+":"+p.Architecture)
		} else if p.Installed {
			names = append(names, p.Name)
		}
	}
	if found.near == nil {
		found.near = similar(bare, names)
	}
	return found
}

func (f packageFact) say() (found, near string) {
	switch {
	case f.Installed:
		return f.Version + " (dpkg)", ""
	case f.Name != "":
		return fmt.Sprintf("not installed: its status is %q", f.Status), strings.Join(f.near, ", ")
	}
	return "not installed", strings.Join(f.near, ", ")
}

func (p *Package) fact(question string) (packageFact, error) {
	if p.provider != "" {
		err := checkWord("package manager", p.provider, []string{"apt", "dpkg"},
			[]string{"rpm", "apk", "pacman", "gem", "pip", "pip3", "npm", "cpan", "pecl", "pear", "snap", "flatpak"})
		if err != nil {
			return packageFact{}, p.refuse(question, err)
		}
	}
	return Ask(&p.Base, question, packages, p.Name(), packageFact.say)
}

// installed is fact of a package that must be installed.
func (p *Package) installed(question string) (packageFact, error) {
	f, err := p.fact(question)
	if err == nil && !f.Installed {
		err = p.missing(question)
	}
	return f, err
}

// Installed tells whether the package is installed: its status says so. One that
// was removed and left its configuration is not, one that is on hold is, and one
// that is unpacked or half configured is not.
func (p *Package) Installed() (bool, error) {
	f, err := p.fact("Installed")
	return err == nil && f.Installed, err
}

// Version is the full version of the installed package, as the package manager
// writes it: "1:2.39.5-0+deb12u2". A package that is not installed is an error.
func (p *Package) Version() (string, error) {
	f, err := p.installed("Version")
	if err != nil {
		return "", err
	}
	return f.Version, nil
}

// VersionSatisfies tells whether the installed version is the one given, or
// satisfies a constraint; see fact.ParseConstraint for what can be written. A
// package that is not installed is an error, and so is a constraint that cannot
// be read.
func (p *Package) VersionSatisfies(constraint string) (bool, error) {
	const question = "VersionSatisfies"
	rules := fact.DpkgVersions{}
	c, err := fact.ParseConstraint(constraint, rules)
	if err != nil {
		return false, p.refuse(question, err)
	}
	f, err := p.installed(question)
	if err != nil {
		return false, err
	}
	ok, err := c.Allows(f.Version, rules)
	if err != nil {
		return false, p.unknown(question, err.Error(), "")
	}
	return ok, nil
}

// Architecture is what the installed package was built for: "amd64", "all". A
// package that is not installed is an error.
func (p *Package) Architecture() (string, error) {
	f, err := p.installed("Architecture")
	if err != nil {
		return "", err
	}
	return f.Architecture, nil
}
