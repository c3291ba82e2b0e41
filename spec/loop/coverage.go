package loop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
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
	sys, err := l.target.System(ctx)
	if err != nil {
		return broken("asking what runs services there", err)
	}
	c := &Coverage{Changes: fold(diff, owned)}
	if l.used && len(c.Changes) == 0 {
		return l.usedBefore()
	}
	seen := lookedAt(l.green, sys.Init)
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

// usedBefore is the result where a container that was used before has what converge
// wants already: what there is to cover was made then.
func (l *run) usedBefore() StageResult {
	out := StageResult{Outcome: Skipped, Summary: "could not tell what converge changes: the container was used before, and nothing differs now"}
	if l.opt.MinCoverage > 0 {
		out.Outcome = Broken
		out.Summary += "; leave out --reuse"
	}
	return out
}

// title names a change and what became of it.
func (c Change) title() string { return fmt.Sprintf("%s %s (%s)", c.Kind, c.Name, c.What) }

// lookedAt are the places of the specs that have asked about a resource and held. init
// is what runs the target's own services.
func lookedAt(results []report.Result, init string) map[evidence.Resource][]string {
	out := map[evidence.Resource][]string{}
	for _, r := range results {
		if r.Outcome != report.Passed {
			continue
		}
		place := fmt.Sprintf("%s:%d", r.Location.File, r.Location.Line)
		for _, e := range r.Evidence {
			subject := catalogue.Canonical(e.Resource, init)
			if !slices.Contains(out[subject], place) {
				out[subject] = append(out[subject], place)
			}
		}
	}
	return out
}

// subjectOf is the resource that a spec about a change has.
func subjectOf(c Change) evidence.Resource { return catalogue.ByName(c.Kind).Subject(c.Name) }

// specFor writes the spec that would look at a change: lines that hold on the target as
// it is now.
func specFor(c Change, now *snapshot.Snapshot) string {
	kind := catalogue.ByName(c.Kind)
	if c.item.Change == snapshot.Removed {
		return kind.Absent(c.Name)
	}
	f, ok := now.Fact(c.item.Kind, c.item.Name)
	if !ok {
		f = catalogue.New(c.Kind, c.Name, c.item.After.Pairs()...)
	}
	return kind.Spec(f, now)
}
