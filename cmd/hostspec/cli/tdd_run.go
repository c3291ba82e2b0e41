package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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
	file     string // where the suites stand: an absolute name
	console  *console
	stop     *stopper
	password *password.Source
	packages map[*loop.Suite][]*specPackage

	// The rest is of one report: the whole run, or one turn of --watch.
	outputs  *outputs
	screen   *progress
	began    time.Time
	counts   map[report.Outcome]int
	problems []report.Problem
	notes    []report.Note
	// refused says that specs could not be run as they are, and untested that there
	// was none to run.
	refused, untested bool
	printed           int // lines beside those of the stages
}

// begin begins a report.
func (r *tddRun) begin(outputs *outputs) {
	r.outputs, r.began, r.counts = outputs, time.Now(), map[report.Outcome]int{}
	r.problems, r.refused, r.untested, r.printed = nil, false, false, 0
	to := r.console.stdout
	if outputs.terminal != "" {
		to = r.console.stderr
	}
	r.screen = newProgress(to, outputs.terminal == "")
}

// A compilation makes a test binary of each package of some suites, while their
// containers are made.
type compilation struct {
	packages map[*loop.Suite][]*specPackage
	folder   string
	cancel   context.CancelFunc
	done     chan struct{}
	// What follows is known when done is closed.
	err  error
	said bytes.Buffer
}

// compile finds the specs of all suites, and begins to compile them. Where they do not
// compile, failed is called.
func (r *tddRun) compile(suites []*loop.Suite, failed func()) (*compilation, error) {
	found := map[*loop.Suite][]*specPackage{}
	var all []*specPackage
	for _, s := range suites {
		var err error
		if found[s], err = findPackages(r.stop.soft, s.Specs); err != nil {
			return nil, fmt.Errorf("suite %s: %w", s.Name, err)
		}
		all = append(all, found[s]...)
	}
	folder, err := os.MkdirTemp("", "hostspec-tdd-")
	if err != nil {
		return nil, fmt.Errorf("cannot keep compiled specs anywhere: %w", err)
	}
	ctx, cancel := context.WithCancel(r.stop.soft)
	c := &compilation{packages: found, folder: folder, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		// Nobody debugs these, and with --watch somebody waits for the linker.
		if c.err = compile(ctx, all, folder, &c.said, stripped()...); c.err != nil {
			failed()
		}
	}()
	return c, nil
}

// wait returns how the compilation ended, and tells what the compiler had to say.
func (c *compilation) wait(stderr io.Writer) error {
	<-c.done
	if _, err := io.Copy(stderr, &c.said); err != nil {
		return errors.Join(c.err, err)
	}
	return c.err
}

// remove ends the compilation and removes what it has made.
func (c *compilation) remove() {
	c.cancel()
	<-c.done
	os.RemoveAll(c.folder) // what is left there harms nobody
}

// hooks show what happens on the terminal, and run the specs.
func (r *tddRun) hooks(s *loop.Suite) loop.Hooks {
	h := loop.Hooks{
		Specs: func(ctx context.Context, stage loop.Stage, target string) loop.SpecRun {
			return r.specs(ctx, s, stage, target)
		},
	}
	h.Begin = func(stage loop.Stage) { r.screen.begin(string(stage)) }
	out := r.stages()
	if r.command.Quiet {
		said := &tail{}
		h.Output = io.MultiWriter(said, r.screen.sayer())
		h.End = func(e loop.StageResult) {
			r.screen.end()
			if text := said.String(); e.Outcome == loop.Broken && text != "" {
				fmt.Fprintln(out, "    | "+strings.ReplaceAll(text, "\n", "\n    | "))
			}
			said.reset()
			r.tell(s, e)
		}
		return h
	}
	live := &prefixer{prefix: "    | ", w: counter{out, &r.printed}, mu: &sync.Mutex{}}
	h.Output = io.MultiWriter(live, r.screen.sayer())
	h.End = func(e loop.StageResult) {
		r.screen.end()
		live.flush()
		r.tell(s, e)
	}
	return h
}

// stages is where the stages are told and what converge prints: on the terminal,
// unless a report is being written there.
func (r *tddRun) stages() io.Writer { return r.screen }

// A counter counts the writes, each of which is a line.
type counter struct {
	io.Writer
	n *int
}

func (c counter) Write(p []byte) (int, error) {
	*c.n++
	return c.Writer.Write(p)
}

// tell tells how a stage went, on the terminal and in the reports.
func (r *tddRun) tell(s *loop.Suite, e loop.StageResult) {
	r.reportStage(s, e)
	if r.outputs.terminal == "documentation" {
		return // which has just told it
	}
	out := r.stages()
	fmt.Fprintln(out, r.stageLine(e))
	for _, d := range e.Details {
		fmt.Fprintln(out, "      "+strings.ReplaceAll(d, "\n", "\n      "))
	}
	r.printed += len(e.Details)
}

// stageLine is one line of the summary.
func (r *tddRun) stageLine(e loop.StageResult) string {
	took := ""
	if e.Outcome != loop.Skipped {
		took = evidence.Duration(e.Took)
	}
	outcome := fmt.Sprintf("%-7s", e.Outcome)
	if color := map[loop.Outcome]string{loop.Held: "32", loop.Failed: "31", loop.Warned: "33", loop.Broken: "33"}[e.Outcome]; color != "" && r.colored() {
		outcome = "\x1b[" + color + "m" + outcome + "\x1b[0m" // ECMA-48, Select Graphic Rendition
	}
	return strings.TrimRight(fmt.Sprintf("  %-10s  %s  %8s  %s", e.Stage, outcome, took, e.Summary), " ")
}

func (r *tddRun) colored() bool { return !r.command.NoColor && wantsColor(r.screen.to) }

// specs runs the specs of a suite in one stage and hands them to the reports.
func (r *tddRun) specs(ctx context.Context, s *loop.Suite, stage loop.Stage, target string) loop.SpecRun {
	run := &runCommand{Jobs: 1, Targets: []string{target}}
	p, err := run.plan()
	if err != nil {
		return loop.SpecRun{Err: err}
	}
	gather := &gatherer{}
	col := newCollector([]receiver{gather}, p.shown(), r.stop.interrupted)
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
		p.Target, p.Stage = s.Name, string(stage)
		r.problems = append(r.problems, p)
	}
	r.notes = withNotes(r.notes, sum.Notes)
	out.Err = errors.Join(problems...)
	switch code := col.exitCode(sum); {
	case ctx.Err() != nil:
		out.Err = context.Cause(ctx)
	case code == exitUsage:
		r.refused = true
	case code == exitNothing:
		r.untested = true
	}
	// That the same specs still hold later is told by the stage.
	if stage == loop.Red || stage == loop.Green {
		r.report(s, stage, p.targets[0].shown, gather)
	}
	return out
}

// finish writes the reports and the verdict of each suite.
func (r *tddRun) finish(results []*loop.Result) int {
	code := r.exitCode(results)
	sum := report.Summary{Counts: r.counts, Problems: r.problems, Notes: r.notes, Start: r.began, Took: time.Since(r.began), Interrupted: r.stop.interrupted()}
	for _, one := range results {
		sum.Targets = append(sum.Targets, one.Suite)
		sum.Loops = append(sum.Loops, inReport(one))
	}
	if err := r.outputs.end(sum); err != nil {
		// Whoever waits for the report must not take its absence for success.
		fmt.Fprintf(r.console.stderr, "hostspec: %v\n", err)
		if code == exitHeld {
			code = exitNotTold
		}
	}
	if r.stop.interrupted() {
		fmt.Fprintln(r.console.stderr, "hostspec: interrupted: this is what was known by then")
	}
	if len(results) == 0 {
		return code
	}
	for _, one := range results {
		r.tellKept(one.Kept)
	}
	const screen = 12 // lines between the stages that leave them all in sight
	if r.printed > screen && r.outputs.terminal != "documentation" && isTerminal(r.screen.to) {
		r.overview(results)
	}
	if _, err := fmt.Fprintln(r.outputs.lastLine, sum.Line()); err != nil && code == exitHeld {
		code = exitNotTold
	}
	return code
}

// tellKept says what --keep has left, and how to get in.
func (r *tddRun) tellKept(container string) {
	if container != "" {
		fmt.Fprintf(r.stages(), "  container %s is kept: docker exec -it %[1]s sh leads into it, --reuse goes on with it, docker rm -fv %[1]s removes it\n", container)
	}
}

// overview shows all stages on one screen, without what was printed between them.
func (r *tddRun) overview(results []*loop.Result) {
	out := r.stages()
	for _, one := range results {
		fmt.Fprintf(out, "\nall of suite %s\n", one.Suite)
		for _, e := range one.Stages {
			fmt.Fprintln(out, "  "+r.stageLine(e))
		}
	}
}

// exitCode is the exit code of all suites together.
func (r *tddRun) exitCode(results []*loop.Result) int {
	has := func(o loop.Outcome) bool {
		return slices.ContainsFunc(results, func(one *loop.Result) bool {
			return slices.ContainsFunc(one.Stages, func(s loop.StageResult) bool { return s.Outcome == o })
		})
	}
	switch {
	case r.stop.interrupted():
		return exitInterrupted
	case r.refused:
		return exitUsage
	case has(loop.Failed):
		return exitWrong
	case has(loop.Broken) && r.untested:
		return exitNothing
	case has(loop.Broken):
		return exitNotTold
	}
	return exitHeld
}

// verdict is the last line about a suite.
func verdict(r *loop.Result) string {
	outcome := r.Outcome()
	said := string(outcome)
	var at []string
	for _, s := range r.Stages {
		if outcome != loop.Held && s.Outcome == outcome {
			at = append(at, string(s.Stage))
		}
	}
	if r.Interrupted {
		said = "interrupted"
	}
	line := fmt.Sprintf("suite %s: %s in %s", r.Suite, said, evidence.Duration(r.Took))
	if len(at) > 0 {
		line += " at " + strings.Join(at, ", ")
	}
	if c := r.Coverage; c != nil {
		line += "; coverage " + c.String()
	}
	if r.Image != "" {
		line += "; promoted " + r.Image
	}
	return line
}
