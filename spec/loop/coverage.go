package loop

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
			out.Details = append(out.Details, "no spec looks at "+one.title()+"; this one would:\n    "+strings.ReplaceAll(one.Line, "\n", "\n    "))
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
	if plain, err := strconv.Unquote(name); err == nil {
		name = plain
	}
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
