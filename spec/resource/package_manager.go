package resource

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A manager is one package manager: how it is asked for all its packages at once,
// and what its names and versions are made of. What all cost is little more than
// what one costs, and shows what is near a name that is not there.
type manager struct {
	name string
	// database is a condition of sh that holds where there is a database of a
	// system's own manager, and places says where that was looked for.
	database, places string
	// script asks. Only some managers need the names for what they tell; of nil all that
	// are there are told by name and version.
	script func(names []string) string
	// stateless says that the script is (see target.Question).
	stateless bool
	show      string
	parse     func(io.Reader) ([]fact.Package, error)
	// status, where set, tells which exit codes but 0 come with an answer.
	status func(backends.Status) bool
	// versions are its rules.
	versions fact.Versions
	// first and later are the characters beside letters and digits that names may
	// begin with and hold.
	first, later string
	// check, where set, says what else is wrong with a name.
	check func(name string) error
	// separator stands between the name of a package and an architecture, where
	// one can be asked for.
	separator string
	// normal, where set, is what names are compared by.
	normal func(name string) string
}

// own reports whether it is the manager of whole systems, which knows itself.
func (m *manager) own() bool { return m.database != "" }

// kind makes the kind of facts that this manager tells, whatever the target's own.
func (m *manager) kind() *target.Kind[packageFact] {
	k := &target.Kind[packageFact]{
		Name:  m.name + " package",
		Check: m.checkName,
		Ask: func(_ target.System, names []string) ([]target.Question, error) {
			return []target.Question{m.question(names)}, nil
		},
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[packageFact], error) {
			return m.answer(q.Names, o)
		},
	}
	for _, d := range packageDatabases {
		if d.manager == m {
			k.Read, k.Reads, k.Files = packagesByFiles([]packageDatabase{d}), readsDatabase, databaseFiles([]packageDatabase{d})
		}
	}
	return k
}

func (m *manager) question(names []string) target.Question {
	return target.Question{Names: names, Script: m.script(names), Show: m.show, Stateless: m.stateless}
}

// checkName refuses what no package is called. A pattern, or a version behind the
// name, must not quietly mean that nothing is installed.
func (m *manager) checkName(name string) error {
	if m.check != nil {
		return m.check(name)
	}
	return checkName(name, m.first, m.later)
}

func checkName(name, first, later string) error {
	if name == "" {
		return fmt.Errorf("the name is empty")
	}
	for i, r := range name {
		letter := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		allowed := later
		if i == 0 {
			allowed = first
		}
		switch {
		case letter || strings.ContainsRune(allowed, r):
		case strings.ContainsRune("=<>@", r):
			return fmt.Errorf("%q is not a valid package name: a version is asked for by BeInstalled().WithVersion(...)", name)
		case strings.ContainsRune("*?[", r):
			return fmt.Errorf("%q is not a valid package name: one package is asked for, never a pattern", name)
		default:
			return fmt.Errorf("%q is not a valid package name: %q cannot stand there", name, r)
		}
	}
	return nil
}

// gaps are what tools that go on say when they could not read a package.
var gaps = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?im)^(error:|warning: skipping ).*$`) })

// answer reads what the manager printed.
func (m *manager) answer(names []string, o target.Output) (map[string]target.Answer[packageFact], error) {
	if !o.Status.Success() && (m.status == nil || !m.status(o.Status)) {
		return nil, fmt.Errorf("%s failed: %s", m.name, firstWords(o))
	}
	all, err := m.parse(bytes.NewReader(o.Stdout))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 && m.own() {
		// A database that is gone looks like this, too, and exit 0 with it.
		return nil, fmt.Errorf("%s knows no package at all, not even itself", m.name)
	}
	out := m.answers(all, names, "")
	if len(o.Stderr) == 0 {
		return out, nil
	}
	if gap := gaps().Find(o.Stderr); gap != nil {
		for name, a := range out {
			if a.Err == nil && !a.Fact.Installed {
				a.Err = fmt.Errorf("%s does not name it, and could not read all packages: %s", m.name, gap)
				out[name] = a
			}
		}
	}
	return out, nil
}

// answers tell of names what stands in the list of all packages.
func (m *manager) answers(all []fact.Package, names []string, asked string) map[string]target.Answer[packageFact] {
	out := make(map[string]target.Answer[packageFact], len(names))
	for _, name := range names {
		out[name] = target.Answer[packageFact]{Fact: m.find(all, name), Err: m.checkName(name), Asked: asked}
	}
	return out
}

// find looks for a package by its exact name, or with its architecture where the
// manager has a way to write that. Of several architectures the one that is
// installed counts.
func (m *manager) find(all []fact.Package, name string) packageFact {
	found := packageFact{manager: m, all: all}
	wanted := m.normalName(name)
	qualified := m.separator != "" && strings.Contains(name, m.separator)
	for _, p := range all {
		if m.normalName(p.Name) == wanted || qualified && p.Name+m.separator+p.Architecture == name {
			if found.Name == "" || p.Installed && !found.Installed {
				found.Package = p
			}
			if p.Installed {
				found.versions = append(found.versions, p.Version)
			}
		}
	}
	return found
}

// near are the names of what is installed for another architecture, or else has a
// name that is near that of a package that is not installed.
func (m *manager) near(all []fact.Package, name string) []string {
	bare := name
	if i := strings.LastIndex(name, m.separator); m.separator != "" && i > 0 {
		bare = name[:i]
	}
	var names, architectures []string
	for _, p := range all {
		switch {
		case !p.Installed || m.normalName(p.Name) == m.normalName(name):
		case p.Name == bare:
			architectures = append(architectures, p.Name+m.separator+p.Architecture)
		default:
			names = append(names, p.Name)
		}
	}
	if architectures != nil {
		return architectures
	}
	return similar(bare, names)
}

func (m *manager) normalName(name string) string {
	if m.normal == nil {
		return name
	}
	return m.normal(name)
}

// ownManagers are the managers by family of systems.
var ownManagers = map[string]*manager{"debian": dpkg, "rhel": rpm, "suse": rpm, "alpine": apk, "arch": pacman}

// databases are the managers that are looked for on systems of no family.
var databases = []*manager{dpkg, rpm, apk, pacman}

// databasesLine begins the answer of a system of no family.
const databasesLine = "databases:"

// askOwn asks the system's own manager. On a system of no family that is the one
// whose database is there, if no other is. A tool of another family that somebody
// installed changes nothing elsewhere.
func askOwn(sys target.System, names []string) ([]target.Question, error) {
	if m := ownManagers[sys.Family()]; m != nil {
		return []target.Question{m.question(names)}, nil
	}
	var look, ask strings.Builder
	look.WriteString("m=\n")
	for _, m := range databases {
		fmt.Fprintf(&look, "if %s; then m=\"$m %s\"; fi\n", m.database, m.name)
		fmt.Fprintf(&ask, "' %s') %s\n;;\n", m.name, m.script(names))
	}
	script := look.String() + "echo \"" + databasesLine + "$m\"\ncase $m in\n" + ask.String() + "esac"
	return []target.Question{{Names: names, Script: script, Show: "the packages of dpkg, rpm, apk or pacman, whose database is there"}}, nil
}

// answerOwn reads the answer to askOwn.
func answerOwn(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[packageFact], error) {
	if m := ownManagers[sys.Family()]; m != nil {
		return m.answer(q.Names, o)
	}
	line, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
	list, ok := strings.CutPrefix(string(line), databasesLine)
	found := strings.Fields(list)
	switch {
	case !ok:
		return nil, fmt.Errorf("the question of which package manager is used was not answered: %s", firstWords(o))
	case len(found) > 1:
		return nil, fmt.Errorf("which package manager is the own one of %s cannot be told: there are databases of %s; name one with By", sys, strings.Join(found, " and "))
	}
	var looked []string
	for _, m := range databases {
		if len(found) == 1 && m.name == found[0] {
			o.Stdout = rest
			return m.answer(q.Names, o)
		}
		looked = append(looked, m.places+" ("+m.name+")")
	}
	return nil, fmt.Errorf("which package manager %s has cannot be told: there is no %s", sys, strings.Join(looked, ", "))
}
