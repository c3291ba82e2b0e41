package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/loop"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/report"
)

// A tddRun is what the suites of one `hostspec tdd` share.
type tddRun struct {
	command  *tddCommand
	console  *console
	stop     *stopper
	password *password.Source
	outputs  *outputs
	began    time.Time
	packages map[*loop.Suite][]*specPackage

	counts map[report.Outcome]int
	begun  []string
}

// compile makes a test binary of each package of all suites, before a container is
// made.
func (r *tddRun) compile(suites []*loop.Suite) (remove func(), err error) {
	folder, err := os.MkdirTemp("", "hostspec-tdd-")
	if err != nil {
		return nil, fmt.Errorf("cannot keep compiled specs anywhere: %w", err)
	}
	remove = func() { os.RemoveAll(folder) } // what is left there harms nobody
	r.packages = map[*loop.Suite][]*specPackage{}
	r.counts = map[report.Outcome]int{}
	var all []*specPackage
	for _, s := range suites {
		found, err := findPackages(r.stop.soft, s.Specs)
		if err != nil {
			remove()
			return nil, fmt.Errorf("suite %s: %w", s.Name, err)
		}
		r.packages[s] = found
		all = append(all, found...)
	}
	if err := compile(r.stop.soft, all, folder, r.console.stderr); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// hooks show what happens on the terminal, and run the specs.
func (r *tddRun) hooks(s *loop.Suite) loop.Hooks {
	out := r.console.stdout
	if r.outputs.lastLine != r.console.stdout {
		out = r.console.stderr // a document is being written there
	}
	converge := &prefixer{prefix: "    | ", w: out, mu: &sync.Mutex{}}
	return loop.Hooks{
		Specs: func(ctx context.Context, stage loop.Stage, target string) loop.SpecRun {
			return r.specs(ctx, s, stage, target)
		},
		Begin: func(stage loop.Stage) {
			if stage == loop.Create {
				fmt.Fprintf(out, "suite %s\n", s.Name)
			}
		},
		End: func(e loop.StageResult) {
			converge.flush()
			fmt.Fprintln(out, stageLine(e))
			for _, d := range e.Details {
				fmt.Fprintln(out, "      "+strings.ReplaceAll(d, "\n", "\n      "))
			}
			r.tellStage(s, e)
		},
		Output: converge,
	}
}

// stageLine is one line of the summary.
func stageLine(e loop.StageResult) string {
	took := ""
	if e.Outcome != loop.Skipped {
		took = evidence.Duration(e.Took)
	}
	return strings.TrimRight(fmt.Sprintf("  %-10s  %-7s  %8s  %s", e.Stage, e.Outcome, took, e.Summary), " ")
}

// A gatherer is a Format that keeps results.
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
func (g *gatherer) Done(report.Begin)        {}
func (g *gatherer) End(report.Summary) error { return nil }

// specs runs the specs of a suite in one stage and hands them to the reports.
func (r *tddRun) specs(ctx context.Context, s *loop.Suite, stage loop.Stage, target string) loop.SpecRun {
	run := &runCommand{Jobs: 1, Targets: []string{target}}
	p, err := run.plan()
	if err != nil {
		return loop.SpecRun{Err: err}
	}
	gather := &gatherer{}
	col := newCollector([]report.Format{gather}, p.shown(), r.stop.interrupted)
	f := &fleet{plan: p, password: r.password, packages: r.packages[s], collector: col, stop: r.stop}
	f.run()
	sum := col.summary()
	out := loop.SpecRun{}
	for _, g := range gather.results {
		out.Results = append(out.Results, g.result)
	}
	var problems []error
	for _, p := range sum.Problems {
		problems = append(problems, errors.New(strings.TrimSpace(p.Package+": "+p.Text+"\n"+p.Output)))
	}
	out.Err = errors.Join(problems...)
	if ctx.Err() != nil {
		out.Err = context.Cause(ctx)
	}
	r.report(s, stage, gather)
	return out
}

// report hands the results of a stage to the reports that were asked for. In red a
// spec is expected to fail, and so what failed is told as skipped.
func (r *tddRun) report(s *loop.Suite, stage loop.Stage, g *gatherer) {
	rename := func(b report.Begin) report.Begin {
		b.Target = s.Name + " " + string(stage)
		return b
	}
	for _, b := range g.begins {
		for _, f := range r.outputs.formats {
			f.Begin(rename(b))
		}
	}
	for _, one := range g.results {
		result := one.result
		result.Stage = string(stage)
		if stage == loop.Red && result.Outcome.Bad() {
			result.Outcome, result.FailedAt, result.Output = report.Skipped, nil, ""
			result.Message = "red, as a spec is before converge"
		}
		if result.Node == "" {
			r.counts[result.Outcome]++
		}
		for _, f := range r.outputs.formats {
			f.Result(rename(one.begin), result)
		}
	}
	for _, b := range g.begins {
		for _, f := range r.outputs.formats {
			f.Done(rename(b))
		}
	}
}

// tellStage hands a stage itself to the reports, as a spec: what makes a gate fail has
// to stand in them.
func (r *tddRun) tellStage(s *loop.Suite, e loop.StageResult) {
	b := report.Begin{Target: s.Name + " stages", Package: s.Name, Suite: "the loop of " + s.Name, Specs: len(loop.Stages()), Total: len(loop.Stages())}
	outcome := map[loop.Outcome]report.Outcome{
		loop.Held: report.Passed, loop.Warned: report.Passed, loop.Failed: report.Failed, loop.Broken: report.NotTold, loop.Skipped: report.Skipped,
	}[e.Outcome]
	result := report.Result{
		Target: b.Target, Package: s.Name, Containers: []string{}, Text: string(e.Stage) + ": " + e.Summary, Stage: string(e.Stage),
		Outcome: outcome, Start: time.Now().Add(-e.Took), Took: e.Took,
	}
	if outcome != report.Passed {
		result.Message = strings.Join(append([]string{e.Summary}, e.Details...), "\n")
	}
	if outcome.Bad() {
		at := result.Location
		result.FailedAt = &at
	}
	for _, f := range r.outputs.formats {
		if e.Stage == loop.Create {
			f.Begin(b)
		}
		f.Result(b, result)
		if e.Stage == loop.Promote {
			f.Done(b)
		}
	}
	r.counts[outcome]++
}

// finish writes the reports and the verdict.
func (r *tddRun) finish(results []*loop.Result) error {
	code := exitHeld
	for _, one := range results {
		code = worse(code, tddCode(one))
	}
	if r.stop.interrupted() {
		code = exitInterrupted
	}
	var names []string
	for _, one := range results {
		names = append(names, one.Suite)
	}
	err := r.outputs.end(report.Summary{Targets: names, Counts: r.counts, Start: r.began, Took: time.Since(r.began), Interrupted: r.stop.interrupted()})
	if err != nil {
		fmt.Fprintf(r.console.stderr, "hostspec: %v\n", err)
		if code == exitHeld {
			code = exitNotTold
		}
	}
	for _, one := range results {
		fmt.Fprintln(r.outputs.lastLine, verdict(one))
	}
	return exit(code)
}

// tddCode is the exit code of one suite.
func tddCode(r *loop.Result) int {
	code := exitHeld
	for _, s := range r.Stages {
		switch s.Outcome {
		case loop.Failed:
			code = worse(code, exitWrong)
		case loop.Broken:
			code = worse(code, exitNotTold)
		}
	}
	return code
}

// worse is the exit code that comes first.
func worse(a, b int) int {
	for _, code := range []int{exitUsage, exitWrong, exitNotTold} {
		if a == code || b == code {
			return code
		}
	}
	return a
}

// verdict is the last line about a suite.
func verdict(r *loop.Result) string {
	line := fmt.Sprintf("suite %s: %s in %s", r.Suite, r.Outcome(), evidence.Duration(r.Took))
	if r.Interrupted {
		line = fmt.Sprintf("suite %s: interrupted after %s", r.Suite, evidence.Duration(r.Took))
	}
	if c := r.Coverage; c != nil {
		line += ", coverage " + c.String()
	}
	if r.Image != "" {
		line += ", promoted " + r.Image
	}
	return line
}
