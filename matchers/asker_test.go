package matchers_test

import (
	"context"
	"testing"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/local"
	_ "github.com/hostspec/hostspec/backends/ssh"
	"github.com/hostspec/hostspec/spec/target"
)

func TestMain(m *testing.M) { rig.Main(m) }

// testAsker asks one target anew each time, as author code does.
type testAsker struct {
	ctx    context.Context
	target *target.Target
}

func (a testAsker) View() (context.Context, target.View, error) {
	return a.ctx, target.View{Target: a.target}, nil
}

func (testAsker) Should(any, bool, []types.GomegaMatcher) bool {
	panic("one-liners are tested in package spec")
}

// askerFor opens a target for the length of a test.
func askerFor(t *testing.T, uri string) testAsker {
	t.Helper()
	u, err := backends.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Minute)
	tg := target.New(u, target.Options{})
	t.Cleanup(func() {
		if err := tg.Close(); err != nil {
			t.Errorf("close %s: %v", uri, err)
		}
		cancel()
	})
	return testAsker{ctx: ctx, target: tg}
}

// failure is what an assertion says that does not hold; empty when it holds.
func failure(subject any, m types.GomegaMatcher, negated bool) string {
	ok, err := m.Match(subject)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case ok == !negated:
		return ""
	case negated:
		return m.NegatedFailureMessage(subject)
	}
	return m.FailureMessage(subject)
}
