package loop

import (
	"context"
	"slices"
	"time"
)

// A Session is a loop that is gone through turn after turn in the same container, as
// long as somebody works on what it tests. Nothing is promoted.
type Session struct {
	l *run
	// due is the stage from which the next turn has to begin at the latest, since the
	// last one did not get past it.
	due Stage
}

// Open begins a session, and makes nothing yet. Close must be called.
func Open(s *Suite, o Options, h Hooks) *Session {
	return &Session{l: newRun(s, o, h), due: Create}
}

// Turn goes through the stages from the given one on, or from an earlier one where that
// is needed. From Create on there is a new container; from Converged on the one that is
// there converges further; from Green on only the specs run.
func (s *Session) Turn(ctx context.Context, from Stage) *Result {
	began := time.Now()
	l := s.l
	from = s.begin(ctx, from)
	l.result = &Result{Suite: l.suite.Name}
	if l.target != nil {
		l.result.Target = l.target.String()
	}
	if from == Create && (l.draft != nil || l.target != nil) {
		if err := s.drop(); err != nil {
			r := broken("removing the container", err)
			r.Stage = Create
			l.end(r)
			return l.result
		}
	}
	l.stages(ctx, turn(from))
	s.due = Green
	for _, r := range l.result.Stages {
		if r.Outcome == Broken && (r.Stage == Create || r.Stage == Red) {
			s.due = Create
		} else if r.Outcome == Broken && (r.Stage == Converged || r.Stage == Idempotent) {
			s.due = Converged
		}
	}
	l.result.Interrupted = ctx.Err() != nil
	l.result.Took = time.Since(began)
	return l.result
}

// begin is where a turn has to begin, that wants to begin at a stage.
func (s *Session) begin(ctx context.Context, from Stage) Stage {
	order := Stages()
	if slices.Index(order, s.due) < slices.Index(order, from) {
		from = s.due
	}
	l := s.l
	if from == Converged && len(l.suite.Converge) == 0 || from != Create && l.draft != nil && !l.draft.Running(ctx) {
		return Create
	}
	return from
}

// turns says in which turns of a session there is a stage.
type turns int

const (
	never         turns = iota
	always              // in all that begin with it or before
	afterConverge       // in those of them that converge
)

// turn are the stages of a turn.
func turn(from Stage) []step {
	order := Stages()
	converges := slices.Index(order, from) <= slices.Index(order, Converged)
	return slices.DeleteFunc(steps()[slices.Index(order, from):], func(s step) bool {
		return s.turns == never || s.turns == afterConverge && !converges
	})
}

// drop removes the container, also one that is to be kept in the end.
func (s *Session) drop() error {
	l := s.l
	keep := l.opt.Keep
	l.opt.Keep, l.opt.Reuse = false, false
	err := l.cleanUp()
	l.opt.Keep = keep
	l.draft, l.used, l.target, l.here, l.history, l.outside, l.green = nil, false, nil, nil, history{}, outside{}, nil
	return err
}

// Discard removes the container, also one that is to be kept in the end.
func (s *Session) Discard() error {
	if s.l.draft == nil && s.l.target == nil {
		return nil
	}
	return s.drop()
}

// Close removes the container, or leaves it where that was asked for; kept is its name
// then.
func (s *Session) Close() (kept string, err error) {
	if s.l.draft == nil && s.l.target == nil {
		return "", nil
	}
	err = s.l.cleanUp()
	return s.l.result.Kept, err
}
