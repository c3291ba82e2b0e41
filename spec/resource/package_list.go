package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The packages that a target's own managers know, each with the versions that are on the
// disk.
var _ = catalogue.Add(&catalogue.Kind{
	Name: "package", Rank: 10, Bare: []string{"version"},
	All:      &catalogue.Listing{Name: "packages", Script: listPackages, Read: readPackages},
	Resource: "Package",
	Canonical: func(r evidence.Resource, _ string) evidence.Resource {
		if slices.ContainsFunc(databases, func(m *manager) bool { return managerOf(r.Via) == m }) {
			r.Via = ""
		}
		if r.Via == "" {
			r.Name, _, _ = strings.Cut(r.Name, ":")
		}
		return r
	},
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		return fmt.Sprintf("Package(%q).Should(BeInstalled())", f.Name)
	},
	Absent: func(name string) string { return fmt.Sprintf("Package(%q).ShouldNot(BeInstalled())", name) },
})

// listPackages asks every package manager whose database is there.
func listPackages(mark string) string {
	var b strings.Builder
	for _, m := range databases {
		fmt.Fprintf(&b, "if %s; then echo; echo '%s %s'\n( %s\n) || exit; fi\n", m.database, mark, m.name, m.script(nil))
	}
	return b.String() + "exit 0"
}

func readPackages(_ target.System, o target.Output, parts map[string]string) ([]catalogue.Fact, error) {
	if !o.Status.Success() {
		return nil, errors.New(firstWords(o))
	}
	versions := map[string][]string{}
	known := 0
	for _, m := range databases {
		text, ok := parts[m.name]
		if !ok {
			continue
		}
		known++
		all, err := m.parse(strings.NewReader(strings.TrimSuffix(text, "\n"))) // of the echo before the next
		if err != nil {
			return nil, err
		}
		addVersions(versions, all)
	}
	if known == 0 {
		return []catalogue.Fact{catalogue.None("package", "no package database is here")}, nil
	}
	var out []catalogue.Fact
	for name, list := range versions {
		slices.Sort(list)
		out = append(out, catalogue.New("package", name, "version", strings.Join(list, ", ")))
	}
	return out, nil
}

// addVersions notes what is on the disk of each package. Of one that was removed
// only its configuration is, which is told as files.
func addVersions(versions map[string][]string, all []fact.Package) {
	count := map[string]int{}
	for _, p := range all {
		if !strings.HasSuffix(p.Status, "config-files") && !strings.HasSuffix(p.Status, "not-installed") {
			count[p.Name]++
		}
	}
	for _, p := range all {
		words := strings.Fields(p.Status)
		state := words[len(words)-1]
		if state == "config-files" || state == "not-installed" {
			continue
		}
		text := p.Version
		if count[p.Name] > 1 && p.Architecture != "" {
			text += " " + p.Architecture
		}
		if state != "installed" {
			text += " (" + state + ")"
		}
		if words[0] == "hold" {
			text += " (hold)"
		}
		versions[p.Name] = append(versions[p.Name], text)
	}
}
