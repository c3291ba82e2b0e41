package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/sandbox"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/target"
)

// A Stage is a part of the loop.
type Stage string

// The stages, in their order.
const (
	Create     Stage = "create"
	Red        Stage = "red"
	Converged  Stage = "converge"
	Green      Stage = "green"
	Idempotent Stage = "idempotent"
	Covered    Stage = "covered"
	Promote    Stage = "promote"
)

// A step is all there is to know of a stage.
type step struct {
	stage Stage
	run   func(*run, context.Context) StageResult
	// ends says that nothing comes after this stage where it failed: it would say
	// nothing.
	ends bool
	// turns says in which turns of a session there is this stage.
	turns turns
}

// steps are the stages in their order. It is a function, since steps refer to it.
func steps() []step {
	return []step{
		{stage: Create, run: (*run).create, turns: always},
		{stage: Red, run: (*run).red, turns: always},
		{stage: Converged, run: (*run).converge, turns: always},
		{stage: Green, run: (*run).runGreen, ends: true, turns: always},
		{stage: Idempotent, run: (*run).idempotent, turns: afterConverge},
		{stage: Covered, run: (*run).covered, turns: always},
		{stage: Promote, run: (*run).promote, turns: never},
	}
}

// Stages returns the stages in their order.
func Stages() []Stage {
	var all []Stage
	for _, s := range steps() {
		all = append(all, s.stage)
	}
	return all
}

// An Outcome is how a stage ended.
type Outcome string

// The outcomes. Broken is a stage that could not be gone through: the target was
// UNREACHABLE, converge failed, or something could not be told.
const (
	Held    Outcome = "held"
	Warned  Outcome = "warned"
	Failed  Outcome = "failed"
	Broken  Outcome = "broken"
	Skipped Outcome = "skipped"
)

// A StageResult is how one stage went.
type StageResult struct {
	Stage   Stage         `json:"stage"`
	Outcome Outcome       `json:"outcome"`
	Took    time.Duration `json:"took"`
	// Summary is one line: "12 specs: 12 passed".
	Summary string `json:"summary"`
	// Details are more lines, for a stage that did not simply hold.
	Details []string `json:"details,omitempty"`
}

// A Result is how the loop of one suite went.
type Result struct {
	Suite string `json:"suite"`
	// Target is the container, or the live target, that was converged.
	Target string        `json:"target,omitempty"`
	Stages []StageResult `json:"stages"`
	// Vacuous are specs that were green before anything was done.
	Vacuous []report.Result `json:"-"`
	// Coverage is what converge changed and which specs look at it.
	Coverage *Coverage `json:"coverage,omitempty"`
	// Image is the ID of the image that was promoted.
	Image string        `json:"image,omitempty"`
	Took  time.Duration `json:"took"`
	// Kept is the container that Options.Keep has left.
	Kept string `json:"kept,omitempty"`
	// Interrupted says that somebody ended it.
	Interrupted bool `json:"interrupted,omitempty"`
}

// Outcome is the worst outcome of the stages: Broken, Failed, Warned or Held.
func (r *Result) Outcome() Outcome {
	worst := Held
	for _, s := range r.Stages {
		switch {
		case s.Outcome == Broken:
			return Broken
		case s.Outcome == Failed:
			worst = Failed
		case s.Outcome == Warned && worst == Held:
			worst = Warned
		}
	}
	return worst
}

// A SpecRun is how the suite's specs went on a target.
type SpecRun struct {
	Results []report.Result
	// Err is why they could not be run to their end, or nil.
	Err error
}

// Options are how a suite is gone through. The zero value works for a live target.
type Options struct {
	// Sandboxes makes the containers of suites that have an image or a Dockerfile.
	Sandboxes sandbox.Provider
	// Strict makes failures of vacuous specs and of services that the second
	// converge restarts.
	Strict bool
	// MinCoverage is how many of a hundred changes have to be looked at.
	MinCoverage int
	// Keep leaves the container where it is, and Reuse begins with one that was
	// kept. Both by the name Container.
	Keep, Reuse bool
	Container   string
	// Force lets promote take over a tag that is in use.
	Force bool
	// Live says that a target that is not a throwaway container may be converged.
	Live bool
	// Open makes the live target, which may want a password for sudo. Where it is nil,
	// the target is asked as its URI or HOSTSPEC_SUDO says, without a password.
	Open func(*backends.URI) (*target.Target, error)
	// Timeout bounds each converge command that has no time of its own; half an hour
	// when zero.
	Timeout time.Duration
}

const defaultConvergeTimeout = 30 * time.Minute

// Hooks are what the loop needs of whoever goes through it.
type Hooks struct {
	// Specs runs the suite's specs against a target.
	Specs func(ctx context.Context, stage Stage, target string) SpecRun
	// Begin is told that a stage begins, and End how it went.
	Begin func(Stage)
	End   func(StageResult)
	// Edited names the files that people have changed since the turn began, where
	// somebody watches them.
	Edited func() []string
	// Output is told what converge and docker build print.
	Output io.Writer
}

// ErrLive is the error of a suite whose target is not a container, without leave.
var ErrLive = errors.New("its target is not a throwaway container, and converging changes it")

// Run goes through the loop of one suite. It returns when everything that was made
// is gone again, or kept as it was asked for, also when ctx ends before.
func Run(ctx context.Context, s *Suite, o Options, h Hooks) *Result {
	began := time.Now()
	l := newRun(s, o, h)
	defer func() { l.result.Took = time.Since(began) }()
	l.stages(ctx, steps())
	l.result.Interrupted = ctx.Err() != nil
	if err := l.cleanUp(); err != nil {
		l.result.Stages = append(l.result.Stages, StageResult{Stage: Create, Outcome: Broken, Summary: "clean-up failed", Details: []string{err.Error()}})
	}
	return l.result
}

// A run is what is known while a suite is gone through.
type run struct {
	suite  *Suite
	opt    Options
	hooks  Hooks
	result *Result

	draft  sandbox.Sandbox // nil for a live target
	used   bool            // the draft was there before
	image  string          // what the draft was made from
	target *target.Target
	eyes   *target.Target // the same as root, who sees all
	text   string         // what names the target
	here   *target.Target // this side, for converge commands that run here

	history history
	outside outside
	green   []report.Result
}

func newRun(suite *Suite, o Options, h Hooks) *run {
	s := *suite
	s.Ignore = slices.Clone(s.Ignore)
	for _, m := range s.Mounts {
		// What is mounted is changed by people, not by converge.
		s.Ignore = append(s.Ignore, m.Destination, m.Destination+"/**")
	}
	l := &run{suite: &s, opt: o, hooks: h, result: &Result{Suite: s.Name}}
	if l.opt.Timeout == 0 {
		l.opt.Timeout = defaultConvergeTimeout
	}
	return l
}

// stages goes from stage to stage. One that is broken ends it: what follows would say
// nothing.
func (l *run) stages(ctx context.Context, all []step) {
	over := ""
	for _, step := range all {
		stage := step.stage
		if over != "" {
			l.end(StageResult{Stage: stage, Outcome: Skipped, Summary: over})
			continue
		}
		if l.hooks.Begin != nil {
			l.hooks.Begin(stage)
		}
		began := time.Now()
		r := step.run(l, ctx)
		r.Stage, r.Took = stage, time.Since(began)
		// What was promoted is, and specs may have ended as if they had been asked.
		if ctx.Err() != nil && (stage != Promote || r.Outcome != Held) {
			r.Outcome, r.Summary, r.Details = Broken, "interrupted", nil
		}
		if stage == Idempotent && r.Outcome == Failed {
			r = l.unlessEdited(r)
		}
		l.end(r)
		switch {
		case r.Outcome == Broken:
			over = fmt.Sprintf("not reached: %s was broken", stage)
		case r.Outcome == Failed && step.ends:
			over = fmt.Sprintf("not reached: %s failed", stage)
		}
	}
}

// unlessEdited takes back that converge is not idempotent where it was another one the
// second time.
func (l *run) unlessEdited(r StageResult) StageResult {
	if l.hooks.Edited == nil {
		return r
	}
	names := l.hooks.Edited()
	if len(names) == 0 {
		return r
	}
	return StageResult{Stage: r.Stage, Took: r.Took, Outcome: Broken, Summary: "could not tell: files changed meanwhile", Details: shortened(names)}
}

func (l *run) end(r StageResult) {
	for i := range r.Details {
		r.Details[i] = evidence.Clean(r.Details[i])
	}
	r.Summary = evidence.Clean(r.Summary)
	l.result.Stages = append(l.result.Stages, r)
	if l.hooks.End != nil {
		l.hooks.End(r)
	}
}

// broken is the result of a stage that met an error.
func broken(doing string, err error) StageResult {
	return StageResult{Outcome: Broken, Summary: doing + " failed", Details: []string{err.Error()}}
}

// create makes the container, or connects to the live target.
func (l *run) create(ctx context.Context) StageResult {
	text := l.suite.Target
	if text == "" {
		r, ok := l.createDraft(ctx)
		if !ok {
			return r
		}
		text = l.draft.URI()
	} else if !l.opt.Live {
		return broken("looking at the target", fmt.Errorf("%s: %w; --on-live-target allows it", text, ErrLive))
	}
	if err := l.reach(text); err != nil {
		return broken("naming the target", err)
	}
	sys, err := l.target.System(ctx)
	if err != nil {
		return broken("reaching the target", err)
	}
	l.result.Target = l.target.String()
	return StageResult{Outcome: Held, Summary: fmt.Sprintf("%s, %s", l.from(), sys)}
}

// reach names the target. A container is looked at as root, whoever its image runs
// commands as.
func (l *run) reach(text string) (err error) {
	l.text = text
	open := newTarget
	if l.draft == nil {
		open = l.openLive
	}
	if l.target, err = open(text); err != nil {
		return err
	}
	l.eyes = l.target
	if l.draft != nil && l.draft.RootURI() != text {
		l.eyes, err = newTarget(l.draft.RootURI())
	}
	return err
}

// from says what the target is made of.
func (l *run) from() string {
	switch {
	case l.suite.Target != "":
		return l.suite.Target
	case l.used:
		return "container " + l.opt.Container + " again"
	}
	return l.image
}

// openLive names a target that is not a container of ours. It is converged, and looked at,
// as the account that its specs are asked as.
func (l *run) openLive(text string) (*target.Target, error) {
	uri, err := backends.Parse(text)
	if err != nil {
		return nil, err
	}
	if l.opt.Open != nil {
		return l.opt.Open(uri)
	}
	as, err := target.IdentityOf(uri)
	if err != nil {
		return nil, err
	}
	return target.New(uri, target.Options{As: as}), nil
}

func newTarget(text string) (*target.Target, error) {
	uri, err := backends.Parse(text)
	if err != nil {
		return nil, err
	}
	return target.New(uri, target.Options{}), nil
}

func (l *run) createDraft(ctx context.Context) (StageResult, bool) {
	if l.opt.Sandboxes == nil {
		return broken("making the container", errors.New("nothing is here that makes containers")), false
	}
	l.image = l.suite.Image
	if l.suite.Dockerfile != "" {
		base, built, err := l.opt.Sandboxes.Build(ctx, l.suite.Dockerfile, &together{w: l.hooks.Output})
		if err != nil {
			return broken("building the image", err), false
		}
		if l.image = base; len(l.suite.Converge) > 0 {
			l.image = built
		}
		l.history.built = built
	}
	o := sandbox.Options{Image: l.image, Systemd: l.suite.Systemd, Mounts: mounts(l.suite)}
	if l.opt.Keep || l.opt.Reuse {
		o.Name = l.opt.Container
	}
	var err error
	if l.opt.Reuse {
		l.draft, err = l.opt.Sandboxes.Reuse(ctx, o)
		l.used = err == nil
	}
	if !l.opt.Reuse || errors.Is(err, sandbox.ErrNotFound) {
		l.draft, err = l.opt.Sandboxes.New(ctx, o)
	}
	if err != nil {
		return broken("making the container", err), false
	}
	l.history.image = l.draft.ImageID()
	return StageResult{}, true
}

func mounts(s *Suite) []string {
	var out []string
	for _, m := range s.Mounts {
		out = append(out, m.Source+":"+m.Destination+":ro")
	}
	return out
}

// cleanUp removes what was made, whatever has happened.
func (l *run) cleanUp() error {
	var errs []error
	for _, t := range []*target.Target{l.target, l.eyes, l.here} {
		if t != nil {
			errs = append(errs, t.Close())
		}
	}
	errs = append(errs, l.history.close())
	if l.draft != nil {
		if l.opt.Keep {
			errs = append(errs, l.draft.Leave())
			l.result.Kept = l.opt.Container
		} else {
			errs = append(errs, l.draft.Close())
		}
	}
	return errors.Join(errs...)
}
