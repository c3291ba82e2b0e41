package spec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/onsi/ginkgo/v2"
	gtypes "github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/internal/stack"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
	"github.com/hostspec/hostspec/spec/wording"
)

// A oneLiner is one spec that was declared by Should or ShouldNot.
type oneLiner struct {
	subject  any
	matcher  types.GomegaMatcher
	negated  bool
	text     string
	location gtypes.CodeLocation
	tree     gtypes.ConstructionNodeReport // the containers around it
	block    *onBlock
	holds    []*condition
	command  *resource.Command // set when the subject is one
	group    *commandGroup
	done     bool
	chosen   *bool // whether the filters leave it in; computed once
}

// A commandGroup is one Should of a command. Its matchers share a run, until a
// spec is attempted again.
type commandGroup struct{ repeated int }

// A groupRun is one run of the command of a group.
type groupRun struct {
	group    *commandGroup
	repeated int
}

// declare makes one spec of each matcher.
func (s *suite) declare(subject any, negated bool, matchers []types.GomegaMatcher) {
	location := authorLocation()
	if !s.is(building) && (s.is(over) || stack.InTest()) {
		panic(fmt.Sprintf("%s: %s: this one-liner can never run, since it stands in a test outside Run. "+
			"Put it into a Describe of a package with func TestX(t *testing.T) { Run(t, \"...\") }, "+
			"or write: g := gomega.NewWithT(t); g.Expect(%s).To(...)", location, nameOf(subject), nameOf(subject)))
	}
	declare := func() {
		if err := s.check(subject, matchers); err != nil {
			s.refuse(fmt.Sprintf("%s: %v", location, err))
		}
		s.declareAll(subject, negated, matchers, location)
	}
	if s.is(loading) {
		// Ginkgo tells about containers only once it builds its tree, so what
		// stands at the top level gets one, without a text.
		ginkgo.Describe("", location, declare)
		return
	}
	declare()
}

// check returns what is wrong with a one-liner on any target, so that it can be told
// before anything is asked.
func (s *suite) check(subject any, matchers []types.GomegaMatcher) error {
	if len(matchers) == 0 {
		return fmt.Errorf("%s: nothing is expected of it: give Should a matcher", nameOf(subject))
	}
	if u, ok := subject.(interface{ Usable() error }); ok && u.Usable() != nil {
		return u.Usable()
	}
	// A question that is only noted is put to nobody, and yet it is looked at.
	before := s.now.Load()
	s.now.Store(&record{ctx: root(), checks: true, plan: &target.Plan{}})
	defer s.now.Store(before)
	for i, m := range matchers {
		if m == nil {
			return fmt.Errorf("%s: matcher %d is nil", nameOf(subject), i+1)
		}
		for _, leaf := range leaves(m) {
			if _, ok := leaf.(evidence.Asks); !ok {
				continue
			}
			var mistake *evidence.Mistake
			if _, err := leaf.Match(subject); errors.As(err, &mistake) {
				return err
			}
		}
	}
	return nil
}

// nowhere stands for the target while one-liners are checked. It is never reached.
var nowhere = sync.OnceValue(func() *target.Target {
	return target.New(&backends.URI{Scheme: "local"}, target.Options{})
})

func (s *suite) declareAll(subject any, negated bool, matchers []types.GomegaMatcher, location gtypes.CodeLocation) {
	command, _ := subject.(*resource.Command)
	var group *commandGroup
	if command != nil {
		group = &commandGroup{}
	}
	each := func() {
		for _, m := range matchers {
			s.declareOne(&oneLiner{subject: subject, matcher: m, negated: negated, location: location, command: command, group: group})
		}
	}
	if command == nil || len(matchers) < 2 || ginkgo.CurrentTreeConstructionNodeReport().IsInOrderedContainer {
		each()
		return
	}
	// The matchers of a command share one run, so they stay together and go on
	// when one of them fails.
	ginkgo.Describe("", location, ginkgo.Ordered, ginkgo.ContinueOnFailure, each)
}

func (s *suite) declareOne(o *oneLiner) {
	should := " should "
	if o.negated {
		should = " should not "
	}
	o.text = evidence.Clean(nameOf(o.subject) + should + wording.Should(o.matcher))
	o.tree = ginkgo.CurrentTreeConstructionNodeReport()
	s.mu.Lock()
	if len(s.on) > 0 {
		o.block = s.on[len(s.on)-1]
	}
	o.holds = slices.Clone(s.holds)
	s.oneLiners = append(s.oneLiners, o)
	s.authored[o.location] = true
	s.mu.Unlock()
	ginkgo.It(o.text, o.location, func(ctx ginkgo.SpecContext) { s.runOneLiner(ctx, o) })
}

// runOneLiner is the body of a one-liner's spec.
func (s *suite) runOneLiner(ctx context.Context, o *oneLiner) {
	r := recordOf(ctx)
	r.block, r.quiet = o.block, true
	changesNothing := o.command == nil || o.command.IsReadOnly()
	if changesNothing {
		s.takeBack(r)
	}
	// Whoever wants a spec to be tried again wants to hear what holds now.
	again := r.attempt > 1
	if changesNothing && !again {
		r.epoch = s.epoch.Load()
	}
	if o.group != nil {
		if again {
			o.group.repeated++
		}
		r.run = groupRun{o.group, o.group.repeated}
	}
	defer func() {
		s.mu.Lock()
		o.done = true
		s.mu.Unlock()
	}()
	t, err := s.target(o.block)
	if err != nil {
		s.fail(o, err)
		return
	}
	if o.command == nil && !again {
		s.prepare(ctx, r, o, t)
	}
	held, err := o.matcher.Match(o.subject)
	if u := (*evidence.Unknown)(nil); errors.As(err, &u) && !u.Evidence.Unknown {
		// The subject has answered, and the matcher makes nothing of it.
		e := u.Evidence
		e.Unknown = true
		evidence.Record(r.ctx, e)
	}
	switch {
	case err != nil:
		s.fail(o, err)
	case !held && !o.negated:
		s.failOneLiner(o, o.matcher.FailureMessage(o.subject))
	case held && o.negated:
		s.failOneLiner(o, o.matcher.NegatedFailureMessage(o.subject))
	}
}

// fail fails a one-liner that could not be told, or that asked for what does not
// exist.
func (s *suite) fail(o *oneLiner, err error) {
	s.noteUnreachable(err, o.block, o.text)
	var titled interface{ Text(title string) string }
	if errors.As(err, &titled) {
		s.failOneLiner(o, titled.Text(o.text))
		return
	}
	s.failOneLiner(o, o.text+"\n  "+strings.ReplaceAll(err.Error(), "\n", "\n  "))
}

// noteUnreachable remembers which spec was the first to tell that a target
// cannot be used: the others refer to it.
func (s *suite) noteUnreachable(err error, b *onBlock, spec string) {
	if !unreachable(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.targets[s.targetText(b)]; t != nil && s.failedOn[t] == "" {
		s.failedOn[t] = spec
	}
}

// nameOf is a subject as people read it.
func nameOf(subject any) string {
	if n, ok := subject.(fmt.Stringer); ok {
		return n.String()
	}
	return fmt.Sprintf("%T", subject)
}

// ours are the packages that stand between an author's line and us.
var ours = []string{"github.com/hostspec/hostspec/spec.", "github.com/hostspec/hostspec/spec/resource."}

// authorLocation is the line that called Should.
func authorLocation() gtypes.CodeLocation {
	for f := range stack.Callers() {
		if !slices.ContainsFunc(ours, func(p string) bool { return strings.HasPrefix(f.Function, p) }) {
			return gtypes.CodeLocation{FileName: f.File, LineNumber: f.Line}
		}
	}
	return gtypes.CodeLocation{}
}
