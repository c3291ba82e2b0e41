package spec

import (
	"context"
	"fmt"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// asker connects resources with the suite.
type asker struct{ *suite }

// Ambient is what the constructors of this package hand to their resources: it
// connects a resource with the run it is used in. Resources of your own take it
// the same way, see package resource.
func Ambient() resource.Asker { return asker{theSuite} }

// root is the context of questions that are asked outside any node: those of
// plain tests, which have none to hand in.
func root() context.Context { return context.Background() }

// View says where to ask at this moment.
func (a asker) View() (context.Context, target.View, error) {
	r := a.now.Load()
	if r == nil {
		r = &record{ctx: root()}
	}
	if r.checks {
		return r.ctx, target.View{Target: nowhere(), Plan: r.plan}, nil
	}
	t, err := a.target(r.block)
	if err != nil {
		return nil, target.View{}, err
	}
	if dead := t.Dead(); r.plan == nil && unreachable(dead) {
		if r.quiet {
			return nil, target.View{}, dead
		}
		// Waiting does not help: Eventually is to end at once.
		return nil, target.View{}, gomega.StopTrying("there is nothing to wait for").Wrap(dead)
	}
	return r.ctx, target.View{Target: t, As: t.As(), Epoch: r.epoch, Plan: r.plan}, nil
}

// Scope tells runs of commands apart: within one scope a command value runs
// once.
func (a asker) Scope() any {
	r := a.now.Load()
	if r == nil {
		return nil
	}
	if r.run != nil {
		return r.run
	}
	a.trace.mu.Lock()
	defer a.trace.mu.Unlock()
	return a.trace.id
}

// Should declares specs, or asserts, whichever the moment asks for.
func (a asker) Should(subject any, negated bool, matchers []types.GomegaMatcher) bool {
	if !a.is(running) {
		a.declare(subject, negated, matchers)
		return true
	}
	if len(matchers) == 0 {
		ginkgo.Fail(fmt.Sprintf("%s: nothing is expected of it: give Should a matcher", nameOf(subject)), 2)
	}
	held := true
	for _, m := range matchers {
		// The author stands above this method and that of the resource.
		assertion := gomega.ExpectWithOffset(2, subject)
		if negated {
			held = assertion.NotTo(m) && held
		} else {
			held = assertion.To(m) && held
		}
	}
	return held
}
