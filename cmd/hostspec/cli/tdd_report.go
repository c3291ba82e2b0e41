package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/loop"
	"github.com/hostspec/hostspec/spec/report"
)

// guardLabel is the label of specs that are meant to hold before and after.
const guardLabel = "guard"

// A gatherer is a receiver that keeps results.
type gatherer struct {
	begins  []report.Begin
	results []gathered
}

type gathered struct {
	begin  report.Begin
	result report.Result
}

func (g *gatherer) Begin(b report.Begin) { g.begins = append(g.begins, b) }

func (g *gatherer) Result(b report.Begin, r report.Result) {
	g.results = append(g.results, gathered{b, r})
}

func (g *gatherer) Done(report.Begin) {}

// report hands the results of a stage to the reports that were asked for. Their target
// is the suite: a container has another name each time, and whoever compares reports
// wants to find the same specs in them.
func (r *tddRun) report(s *loop.Suite, stage loop.Stage, target string, g *gatherer) {
	for _, b := range g.begins {
		named := b
		named.Target, named.Stage = s.Name, string(stage)
		for _, f := range r.outputs.reports {
			f.Begin(named)
		}
		for _, one := range g.results {
			if one.begin != b {
				continue
			}
			result := one.result
			result.Stage = string(stage)
			if result.Target == target {
				result.Target = s.Name
			}
			if stage == loop.Red {
				r.asRed(&result)
			}
			if result.Node == "" {
				r.counts[result.Outcome]++
			}
			for _, f := range r.outputs.reports {
				f.Result(named, result)
			}
		}
		for _, f := range r.outputs.reports {
			f.Done(named)
		}
	}
}

// asRed changes the result of a spec that ran before converge, where it is expected to
// fail: what did is told as skipped, and with --strict what did not as failed.
func (r *tddRun) asRed(one *report.Result) {
	switch {
	case one.Outcome.Bad():
		one.Message = "red before converge, as it is to be"
		if one.Outcome != report.Failed {
			one.Message += ": " + string(one.Outcome)
		}
		one.Outcome, one.FailedAt, one.Output = report.Skipped, nil, ""
	case one.Outcome == report.Passed && one.Node == "" && r.command.Strict && !r.command.Reuse && !slices.Contains(one.Labels, guardLabel):
		one.Outcome = report.Failed
		one.Message = "vacuous: green before anything was done, so it proves nothing about converge\nLabel(\"" + guardLabel + "\") is for specs that are meant to hold before and after"
	}
}

// reportStage hands a stage itself to the reports: what makes a gate fail has to stand
// in them.
func (r *tddRun) reportStage(s *loop.Suite, e loop.StageResult) {
	b := report.Begin{Target: s.Name, Suite: report.NodeStage, Stage: string(e.Stage)}
	result := report.Result{
		Target: s.Name, Containers: []string{}, Text: string(e.Stage), Node: report.NodeStage, Stage: string(e.Stage),
		Start: time.Now().Add(-e.Took), Took: e.Took,
		Message: strings.Join(append([]string{e.Summary}, e.Details...), "\n"),
	}
	result.Outcome = map[loop.Outcome]report.Outcome{
		loop.Held: report.Passed, loop.Warned: report.Passed, loop.Failed: report.Failed, loop.Broken: report.NotTold, loop.Skipped: report.Skipped,
	}[e.Outcome]
	if e.Outcome == loop.Warned {
		result.Message = "warning: " + result.Message
	}
	for _, f := range r.outputs.reports {
		f.Begin(b)
		f.Result(b, result)
		f.Done(b)
	}
}

// inReport is a result as the summary of a report has it.
func inReport(one *loop.Result) report.LoopSuite {
	out := report.LoopSuite{Suite: one.Suite, Outcome: string(one.Outcome()), Line: verdict(one), Stages: []report.LoopStage{}, Image: one.Image}
	for _, e := range one.Stages {
		out.Stages = append(out.Stages, report.NewLoopStage(string(e.Stage), string(e.Outcome), e.Took, e.Summary, e.Details))
	}
	if c := one.Coverage; c != nil {
		out.Coverage = &report.LoopCoverage{Changes: len(c.Changes), Covered: c.Covered(), Lines: []string{}}
		for _, change := range c.Changes {
			if len(change.Specs) == 0 {
				out.Coverage.Lines = append(out.Coverage.Lines, change.Line)
			}
		}
	}
	return out
}
