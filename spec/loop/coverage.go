package loop

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
			subject := normal(e.Resource, init)
			if !slices.Contains(out[subject], place) {
				out[subject] = append(out[subject], place)
			}
		}
	}
	return out
}

// ownManagers are the package managers of which one is the target's own.
var ownManagers = []string{"apt", "dpkg", "rpm", "apk", "pacman"}

// normal is a resource in one of its several spellings.
func normal(r evidence.Resource, init string) evidence.Resource {
	switch r.Kind {
	case "Service":
		if !strings.Contains(r.Name, ".") {
			r.Name += ".service"
		}
		if r.Via == init {
			r.Via = ""
		}
	case "Package":
		if slices.Contains(ownManagers, r.Via) {
			r.Via = ""
		}
		if r.Via == "" {
			r.Name, _, _ = strings.Cut(r.Name, ":")
		}
	case "File", "Mount", "UnixSocket":
		if len(r.Name) > 1 {
			r.Name = strings.TrimSuffix(r.Name, "/")
		}
	}
	return r
}

// subjectOf is the resource that a spec about a change has.
func subjectOf(c Change) evidence.Resource {
	r := evidence.Resource{Kind: "File", Name: c.Name}
	switch c.Kind {
	case snapshot.KindPackage:
		r.Kind = "Package"
	case snapshot.KindService:
		r.Kind = "Service"
	case snapshot.KindUser, snapshot.KindPassword:
		r.Kind = "User"
	case snapshot.KindGroup:
		r.Kind = "Group"
	case snapshot.KindPort:
		_, _, port := splitPort(c.Name)
		r.Kind, r.Name = "Port", port
	case snapshot.KindParameter:
		r.Kind, r.Name = "Command", parameterCommand(c.Name)
	}
	r.Name = evidence.Mask(r.Name) // as it is in evidence
	return normal(r, "")
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
