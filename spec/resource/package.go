package resource

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Package is a software package of the target's own package manager.
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

// packageFact is what is known about one package, and which names are near it.
type packageFact struct {
	fact.Package
	near []string
}

var packages = &target.Kind[packageFact]{
	Name: "package",
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
			return nil, fmt.Errorf("dpkg-query failed")
		}
		all, err := fact.ParseDpkgQuery(bytes.NewReader(o.Stdout))
		if err != nil {
			return nil, err
		}
		out := map[string]target.Answer[packageFact]{}
		for _, name := range q.Names {
			out[name] = target.Answer[packageFact]{Fact: findPackage(all, name)}
		}
		return out, nil
	},
}

// findPackage looks for a package by its exact name, or NAME:ARCHITECTURE as
// dpkg says it. Of several architectures the one that is installed counts.
func findPackage(all []fact.Package, name string) packageFact {
	bare, arch, qualified := strings.Cut(name, ":")
	var found packageFact
	for _, p := range all {
		switch {
		case p.Name == bare && (!qualified || p.Architecture == arch):
			if found.Name == "" || p.Installed && !found.Installed {
				found.Package = p
			}
		case p.Installed && len(found.near) < 5 && strings.Contains(p.Name, bare):
			found.near = append(found.near, p.Name)
		}
	}
	slices.Sort(found.near)
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
	return Ask(&p.Base, question, packages, p.Name(), packageFact.say)
}

// Installed tells whether the package is installed: one that was removed and
// left its configuration is not, one on hold is.
func (p *Package) Installed() (bool, error) {
	f, err := p.fact("Installed")
	return f.Installed, err
}

// Version is the full version of the installed package, as the package manager
// writes it.
func (p *Package) Version() (string, error) {
	f, err := p.fact("Version")
	if err == nil && !f.Installed {
		err = p.missing("Version")
	}
	return f.Version, err
}
