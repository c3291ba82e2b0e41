package resourcetest

import (
	"context"
	"errors"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// A Target asks one target. It is what resources under test are made with, as a
// resource.Asker. Each question is asked anew, as in an author's own code.
type Target struct {
	ctx    context.Context
	target *target.Target
	// epoch and plan are set while Batch asks.
	epoch int64
	plan  *target.Plan
}

var _ resource.Asker = (*Target)(nil)

// New makes a target in memory.
func New(m Machine) *Target {
	uri := &backends.URI{Scheme: "memory"}
	open := func(context.Context) (backends.Backend, error) { return m.open(), nil }
	return &Target{ctx: context.Background(), target: target.New(uri, target.Options{Open: open})}
}

// Open makes a target of a URI. It connects when it is first asked. Its backend has to be
// imported, if only as _ "github.com/hostspec/hostspec/backends/standard", which has all
// that are built in.
func Open(ctx context.Context, uri string) (*Target, error) {
	u, err := backends.Parse(uri)
	if err != nil {
		return nil, err
	}
	return &Target{ctx: ctx, target: target.New(u, target.Options{})}, nil
}

// View implements resource.Asker.
func (t *Target) View() (context.Context, target.View, error) {
	return t.ctx, target.View{Target: t.target, As: t.target.As(), Epoch: t.epoch, Plan: t.plan}, nil
}

// Should implements resource.Asker: it reports whether all matchers hold, or with negated
// whether none does. Where one cannot be told it is false.
func (t *Target) Should(subject any, negated bool, matchers []types.GomegaMatcher) bool {
	for _, m := range matchers {
		if Failure(subject, m, negated) != "" {
			return false
		}
	}
	return true
}

// Failure returns what an assertion says that does not hold, "error: " and the text where
// it could not be told, and nothing where it holds. negated asks what ShouldNot says.
func Failure(subject any, m types.GomegaMatcher, negated bool) string {
	held, err := m.Match(subject)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case held == !negated:
		return ""
	case negated:
		return m.NegatedFailureMessage(subject)
	}
	return m.FailureMessage(subject)
}

// Batch asks as one-liners are asked: ask runs in a dry run first, in which its questions
// are only noted, then all of them go to the target in one exchange, and it runs once more
// for the answers. It returns how many exchanges there were, which is 1 unless ask wants
// more after an answer.
func (t *Target) Batch(ask func()) (exchanges int, err error) {
	// The system is asked about before, so that its greeting is not counted.
	if _, err := t.target.System(t.ctx); err != nil {
		return 0, err
	}
	before := t.target.Stats().Exchanges
	t.epoch, t.plan = 1, &target.Plan{}
	defer func() { t.epoch, t.plan = 0, nil }()
	ask()
	var wants []target.Want
	for i, w := range t.plan.Wants {
		if t.plan.As[i] != t.target.As() {
			return 0, errors.New("resourcetest: Batch asks as one account only")
		}
		wants = append(wants, w)
	}
	t.plan = nil
	v := target.View{Target: t.target, As: t.target.As(), Epoch: t.epoch}
	if _, err := v.Together(t.ctx, wants...); err != nil {
		return 0, err
	}
	ask()
	return t.target.Stats().Exchanges - before, nil
}

// Close ends what was started on the target.
func (t *Target) Close() error { return t.target.Close() }
