package spec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/near"
	"github.com/hostspec/hostspec/spec/target"
	"github.com/hostspec/hostspec/spec/wire"
)

// An onBlock is a container whose resources live on another target.
type onBlock struct {
	text     string // the target as the author named it
	location types.CodeLocation
}

// A blockKey is how a block is found again in Ginkgo's reports. The text belongs
// to it, since On may stand in a loop.
type blockKey struct {
	location types.CodeLocation
	text     string
}

// On is a container like Describe whose resources live on another target than
// the ambient one: a URI such as ssh://deploy@db1. args are those of a Describe,
// decorators and the body.
//
//	var _ = On("ssh://deploy@db1", Label("db"), func() {
//		Port(5432).Should(BeListening())
//	})
func On(name string, args ...any) bool {
	// In a run with several targets, `hostspec run` has the block run with the
	// first of them only.
	if os.Getenv(wire.OnVariable) == wire.SkipOn {
		return true
	}
	location := authorLocation()
	b := &onBlock{text: name, location: location}
	title := "on " + name
	if uri, err := parseTarget(name); err == nil {
		title = "on " + uri.String()
	}
	args, body := splitBody("On", args)
	key := blockKey{location, title}
	return ginkgo.Describe(title, append(args, location, ginkgo.AroundNode(func(ctx context.Context) context.Context {
		if r := recordOf(ctx); r != nil {
			r.block = b
		}
		return ctx
	}), func() {
		if _, err := parseTarget(name); err != nil {
			theSuite.refuse(fmt.Sprintf("%s: On: %v", location, err))
		}
		theSuite.enter(func() { theSuite.on, theSuite.blocks[key] = append(theSuite.on, b), b })
		defer theSuite.enter(func() { theSuite.on = theSuite.on[:len(theSuite.on)-1] })
		body()
	})...)
}

func (s *suite) enter(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// blockOf finds the innermost On around a spec.
func (s *suite) blockOf(r types.SpecReport) *onBlock {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(r.ContainerHierarchyLocations) - 1; i >= 0; i-- {
		l := types.CodeLocation{FileName: r.ContainerHierarchyLocations[i].FileName, LineNumber: r.ContainerHierarchyLocations[i].LineNumber}
		if b := s.blocks[blockKey{l, r.ContainerHierarchyTexts[i]}]; b != nil {
			return b
		}
	}
	return nil
}

// splitBody takes the body out of a container's arguments.
func splitBody(name string, args []any) (rest []any, body func()) {
	rest = slices.DeleteFunc(slices.Clone(args), func(a any) bool {
		f, ok := a.(func())
		if ok {
			body = f
		}
		return ok
	})
	if body == nil {
		panic(name + " needs a body: func() { ... }")
	}
	return rest, body
}

// OnlyOn is a container whose specs run on some systems only, and are skipped on
// all others. systems is a list of IDs or families of distributions, each with an
// optional version: "debian >= 12, rhel". An ID is that of os-release(5), and its
// ID_LIKE counts. args are those of a Describe.
func OnlyOn(systems string, args ...any) bool {
	location := authorLocation()
	c, err := parseCondition(systems)
	args, body := splitBody("OnlyOn", args)
	return ginkgo.Describe("only on "+systems, append(args, location, ginkgo.AroundNode(func(ctx context.Context) context.Context {
		theSuite.skipUnless(ctx, c)
		return ctx
	}), func() {
		if err != nil {
			theSuite.refuse(fmt.Sprintf("%s: OnlyOn: %v", location, err))
		}
		theSuite.enter(func() { theSuite.holds = append(theSuite.holds, c) })
		defer theSuite.enter(func() { theSuite.holds = theSuite.holds[:len(theSuite.holds)-1] })
		body()
	})...)
}

// skipUnless skips the running spec when the condition does not hold on its
// target, and fails it when that could not be told.
func (s *suite) skipUnless(ctx context.Context, c *condition) {
	report := ginkgo.CurrentSpecReport()
	if report.State != types.SpecStateInvalid {
		return // the spec has ended already: this is a node that reports
	}
	r := recordOf(ctx)
	block := s.blockOf(report)
	t, err := s.target(block)
	if err != nil {
		ginkgo.Fail(evidence.Clean(err.Error()))
	}
	sys, err := t.System(r.ctx)
	if err != nil {
		s.noteUnreachable(err, block, report.FullText())
		s.record(r, evidence.Evidence{Subject: c.text, Question: "OnlyOn", Target: t.String(), Unknown: true})
		ginkgo.Fail(evidence.Clean(fmt.Sprintf("could not tell whether this is %s: %v", c.text, err)))
	}
	holds, err := c.holds(sys)
	if err != nil {
		s.record(r, evidence.Evidence{Subject: c.text, Question: "OnlyOn", Target: t.String(), Unknown: true})
		ginkgo.Fail(evidence.Clean(fmt.Sprintf("could not tell whether %s is %s: %v", sys, c.text, err)))
	}
	if !holds {
		ginkgo.Skip(fmt.Sprintf("only on %s; %s is %s", c.text, t, sys))
	}
}

// holdAll reports whether conditions hold; what could not be told does not.
func holdAll(ctx context.Context, t *target.Target, conditions []*condition) bool {
	for _, c := range conditions {
		sys, err := t.System(ctx)
		if err != nil {
			return false
		}
		if holds, err := c.holds(sys); err != nil || !holds {
			return false
		}
	}
	return true
}

// A condition is a list of systems of which one must hold.
type condition struct {
	text    string
	systems []systemPattern
}

type systemPattern struct {
	name    string
	version *fact.Constraint // nil means any
}

var systemRE = regexp.MustCompile(`^([a-z][a-z0-9._-]*)\s*((?:<=|>=|<|>|=|~>)\s*[0-9][0-9A-Za-z.]*)?$`)

// osVersions orders the versions of systems: dotted numbers, for which dpkg's
// order is the common one.
var osVersions = fact.DpkgVersions{}

func parseCondition(text string) (*condition, error) {
	c := &condition{text: text}
	for part := range strings.SplitSeq(text, ",") {
		m := systemRE.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, fmt.Errorf("%q: want a list such as \"debian >= 12, rhel\", not %q", text, strings.TrimSpace(part))
		}
		p := systemPattern{name: m[1]}
		if ids := fact.SystemIDs(); !slices.Contains(ids, p.name) {
			return nil, fmt.Errorf("%q: no system is known by the ID %q%s; for one that is not known, name the family that its os-release(5) gives as ID_LIKE",
				text, p.name, near.DidYouMean(p.name, ids))
		}
		if m[2] != "" && p.name == "suse" {
			return nil, fmt.Errorf(`%q: "suse" is a family, and versions are those of its members: "sles >= 15, opensuse-leap >= 15"`, text)
		}
		if m[2] != "" {
			v, err := fact.ParseConstraint(m[2], osVersions)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			p.version = &v
		}
		c.systems = append(c.systems, p)
	}
	return c, nil
}

// holds reports whether one of the systems is sys. The error says that this could
// not be told of one, while none of the others is sys.
func (c *condition) holds(sys target.System) (bool, error) {
	var unknown error
	for _, p := range c.systems {
		if p.version == nil && sys.Is(p.name) {
			return true, nil
		}
		// The versions of a derivative are its own: Ubuntu 22.04 is no Debian
		// 22. Rebuilds of Red Hat's system take over its numbers.
		rebuild := p.name == "rhel" && slices.Contains(sys.IDLike, "rhel")
		if p.version == nil || sys.ID != p.name && !rebuild {
			continue
		}
		if sys.VersionID == "" {
			unknown = errors.New("its os-release has no VERSION_ID")
			continue
		}
		ok, err := p.version.Allows(sys.VersionID, osVersions)
		if ok {
			return true, nil
		}
		unknown = cmp.Or(unknown, err)
	}
	return false, unknown
}
