package loop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// Coverage is what converge changed and which specs look at it.
type Coverage struct {
	Changes []Change `json:"changes"`
	// Unknown are what could not be told about, before or after.
	Unknown []string `json:"unknown,omitempty"`
}

// A Change is one thing that a person would name: a package with all its files counts
// once.
type Change struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// What became of it, in words.
	What string `json:"what"`
	// Parts is how many other differences are part of it.
	Parts int `json:"parts,omitempty"`
	// Specs are the specs that look at it, as FILE:LINE, each once.
	Specs []string `json:"specs,omitempty"`
	// Line is a spec that would look at it, as an author would write it. It holds on
	// the target as it is.
	Line string `json:"line,omitempty"`

	item snapshot.Item
}

// Covered is how many of the changes some spec looks at.
func (c *Coverage) Covered() int {
	n := 0
	for _, one := range c.Changes {
		if len(one.Specs) > 0 {
			n++
		}
	}
	return n
}

// Percent is Covered of a hundred changes, rounded down; 100 when nothing changed.
func (c *Coverage) Percent() int {
	if len(c.Changes) == 0 {
		return 100
	}
	return c.Covered() * 100 / len(c.Changes)
}

// String is "14 of 17 changes".
func (c *Coverage) String() string {
	return fmt.Sprintf("%d of %d changes", c.Covered(), len(c.Changes))
}

// covered finds out which specs look at what converge has changed.
func (l *run) covered(ctx context.Context) StageResult {
	diff, err := l.changes(ctx)
	if err != nil {
		return broken("comparing the target before and after", err)
	}
	owned, err := l.ownership(ctx, diff)
	if err != nil {
		return broken("asking whose files they are", err)
	}
	c := &Coverage{Changes: fold(diff, owned)}
	seen := lookedAt(l.green)
	for i, one := range c.Changes {
		c.Changes[i].Specs = seen[subjectOf(one)]
		c.Changes[i].Line = specFor(one, diff.After)
	}
	for _, i := range l.newlyUnknown(diff.Unknown) {
		c.Unknown = append(c.Unknown, i.String())
	}
	l.result.Coverage = c
	out := StageResult{Outcome: Held, Summary: "coverage: " + c.String()}
	for _, one := range c.Changes {
		if len(one.Specs) == 0 {
			out.Details = append(out.Details, "no spec looks at "+one.title()+"; this one would:", "    "+one.Line)
		}
	}
	out.Details = append(out.Details, c.Unknown...)
	switch {
	case l.opt.MinCoverage > 0 && c.Percent() < l.opt.MinCoverage:
		out.Outcome = Failed
		out.Summary += fmt.Sprintf(", %d %%, where at least %d %% is asked for", c.Percent(), l.opt.MinCoverage)
	case c.Covered() < len(c.Changes):
		out.Outcome = Warned
	}
	return out
}

// title names a change and what became of it.
func (c Change) title() string { return fmt.Sprintf("%s %s (%s)", c.Kind, c.Name, c.What) }

// lookedAt are the places of the specs that have asked about a subject and held.
func lookedAt(results []report.Result) map[string][]string {
	out := map[string][]string{}
	for _, r := range results {
		if r.Outcome != report.Passed {
			continue
		}
		place := fmt.Sprintf("%s:%d", r.Location.File, r.Location.Line)
		for _, e := range r.Evidence {
			subject := normalSubject(e.Subject)
			if !slices.Contains(out[subject], place) {
				out[subject] = append(out[subject], place)
			}
		}
	}
	return out
}

// normalSubject is a resource's own name without what has several spellings.
func normalSubject(subject string) string {
	kind, name, _ := strings.Cut(subject, " ")
	name = strings.Trim(name, `"`)
	switch kind {
	case "Service":
		if !strings.Contains(name, ".") {
			name += ".service"
		}
	case "Package":
		name, _, _ = strings.Cut(name, ":")
	case "File", "Mount", "UnixSocket":
		if len(name) > 1 {
			name = strings.TrimSuffix(name, "/")
		}
	}
	return kind + " " + name
}

// subjectOf is the resource that a spec about a change has.
func subjectOf(c Change) string {
	switch c.Kind {
	case snapshot.KindPackage:
		return normalSubject("Package " + c.Name)
	case snapshot.KindService:
		return normalSubject("Service " + c.Name)
	case snapshot.KindUser, snapshot.KindPassword:
		return "User " + c.Name
	case snapshot.KindGroup:
		return "Group " + c.Name
	case snapshot.KindPort:
		_, _, port := splitPort(c.Name)
		return "Port " + port
	case snapshot.KindParameter:
		return "Command " + parameterCommand(c.Name)
	}
	return normalSubject("File " + c.Name)
}

// splitPort takes apart "tcp 0.0.0.0:80".
func splitPort(name string) (protocol, address, port string) {
	protocol, rest, _ := strings.Cut(name, " ")
	i := strings.LastIndexByte(rest, ':')
	if i < 0 {
		return protocol, "", rest
	}
	return protocol, strings.Trim(rest[:i], "[]"), rest[i+1:]
}

func parameterCommand(name string) string { return "sysctl -n " + name }

// A folding finds out which differences are part of which.
type folding struct {
	diff  *snapshot.Difference
	owned ownership
	// into says what an item is part of, by key; one that is missing stands for
	// itself.
	into map[string]string
	all  map[string]snapshot.Item
}

func key(kind, name string) string { return kind + " " + name }

// fold makes changes of differences: what a person would not name of its own counts
// as a part of what he would.
func fold(diff *snapshot.Difference, owned ownership) []Change {
	f := &folding{diff: diff, owned: owned, into: map[string]string{}, all: map[string]snapshot.Item{}}
	for _, i := range diff.Items {
		f.all[key(i.Kind, i.Name)] = i
	}
	for _, i := range diff.Items {
		if whole := f.partOf(i); whole != "" && whole != key(i.Kind, i.Name) {
			f.into[key(i.Kind, i.Name)] = whole
		}
	}
	f.foldFolders()
	parts := map[string]int{}
	for k := range f.into {
		parts[f.root(k)]++
	}
	var out []Change
	for _, i := range diff.Items {
		k := key(i.Kind, i.Name)
		if _, folded := f.into[k]; !folded {
			out = append(out, Change{Kind: i.Kind, Name: i.Name, What: what(i), Parts: parts[k], item: i})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Compare(slices.Index(snapshot.Kinds(), a.Kind), slices.Index(snapshot.Kinds(), b.Kind))
	})
	return out
}

// root follows parts of parts.
func (f *folding) root(k string) string {
	for range len(f.into) {
		whole, ok := f.into[k]
		if !ok {
			return k
		}
		k = whole
	}
	return k
}

func what(i snapshot.Item) string {
	_, text, _ := strings.Cut(i.String(), "  ")
	return text
}

// partOf is the key of what an item is part of, or "".
func (f *folding) partOf(i snapshot.Item) string {
	switch i.Kind {
	case snapshot.KindPackage:
		return f.partOfPackage(i)
	case snapshot.KindGroup:
		// A new user's own primary group.
		if u, ok := f.all[key(snapshot.KindUser, i.Name)]; ok && i.Change == snapshot.Added && u.Change == snapshot.Added {
			gid, _ := i.After.Get("gid")
			if own, _ := u.After.Get("gid"); own == gid {
				return key(snapshot.KindUser, i.Name)
			}
		}
	case snapshot.KindPassword:
		if u, ok := f.all[key(snapshot.KindUser, i.Name)]; ok && u.Change != snapshot.Changed {
			return key(snapshot.KindUser, i.Name)
		}
	case snapshot.KindFile, snapshot.KindCron:
		return f.partOfFile(i)
	}
	return ""
}

// partOfPackage folds what came along under what was asked for.
func (f *folding) partOfPackage(i snapshot.Item) string {
	if i.Change != snapshot.Added || !f.owned.auto[i.Name] {
		return ""
	}
	for _, other := range f.diff.Items {
		if other.Kind == snapshot.KindPackage && other.Change == snapshot.Added && !f.owned.auto[other.Name] {
			return key(other.Kind, other.Name)
		}
	}
	return ""
}

// foldFolders folds folders all of whose changed children are parts of something, or
// that are new and hold something that is told.
func (f *folding) foldFolders() {
	for _, i := range slices.Backward(f.diff.Items) {
		k := key(i.Kind, i.Name)
		if _, folded := f.into[k]; folded || i.Kind != snapshot.KindFile || typeOf(i) != "directory" {
			continue
		}
		whole := ""
		for _, child := range f.diff.Items {
			if (child.Kind == snapshot.KindFile || child.Kind == snapshot.KindCron) && parent(child.Name) == i.Name {
				root := f.root(key(child.Kind, child.Name))
				if root == key(child.Kind, child.Name) || whole != "" && whole != root {
					whole = ""
					break
				}
				whole = root
			}
		}
		if whole != "" {
			f.into[k] = whole
		}
	}
}

// typeOf is the type of a file as it is now, or was.
func typeOf(i snapshot.Item) string {
	if t, ok := i.After.Get("type"); ok {
		return t
	}
	t, _ := i.Before.Get("type")
	return t
}

func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	if i <= 0 {
		return "/"
	}
	return name[:i]
}
