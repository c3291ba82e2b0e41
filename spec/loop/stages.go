package loop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/target"
)

// guard is the label of specs that are meant to hold before and after.
const guard = "guard"

// counted is how specs have ended.
type counted map[report.Outcome]int

func count(results []report.Result) counted {
	c := counted{}
	for _, r := range results {
		if r.Node == "" {
			c[r.Outcome]++
		}
	}
	return c
}

func (c counted) String() string {
	total := 0
	var parts []string
	for _, o := range []report.Outcome{report.Passed, report.Failed, report.NotTold, report.Unreachable, report.Skipped, report.Pending} {
		total += c[o]
		if c[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c[o], o))
		}
	}
	return fmt.Sprintf("%s: %s", evidence.Count(total, "spec"), strings.Join(parts, ", "))
}

func (c counted) tested() int {
	return c[report.Passed] + c[report.Failed] + c[report.NotTold] + c[report.Unreachable]
}

// red runs the specs before converge. What is green then proves nothing about it.
func (l *run) red(ctx context.Context) StageResult {
	ran := l.hooks.Specs(ctx, Red, l.text)
	c := count(ran.Results)
	switch {
	case ran.Err != nil:
		return broken("running the specs", ran.Err)
	case c.tested() == 0:
		return broken("running the specs", errors.New("nothing was tested: there are no specs, or all are skipped"))
	case c[report.Unreachable] > 0:
		return broken("running the specs", firstBad(ran.Results, report.Unreachable))
	}
	for _, r := range ran.Results {
		if r.Outcome == report.Passed && r.Node == "" && !slices.Contains(r.Labels, guard) {
			l.result.Vacuous = append(l.result.Vacuous, r)
		}
	}
	if len(l.result.Vacuous) == 0 {
		return StageResult{Outcome: Held, Summary: fmt.Sprintf("%v; none was green already", c)}
	}
	out := StageResult{Outcome: Warned, Summary: fmt.Sprintf("%v; %d vacuous: green before anything was done", c, len(l.result.Vacuous))}
	if l.opt.Strict {
		out.Outcome = Failed
	}
	if l.used {
		out.Outcome, out.Summary = Held, fmt.Sprintf("%v; the container was used before, so that says nothing", c)
		l.result.Vacuous = nil
		return out
	}
	for _, r := range l.result.Vacuous {
		out.Details = append(out.Details, "vacuous: "+specLine(r))
	}
	return out
}

// specLine names a spec and its place in one line.
func specLine(r report.Result) string {
	name := strings.Join(append(slices.Clone(r.Containers), r.Text), " ")
	return fmt.Sprintf("%s (%s:%d)", name, r.Location.File, r.Location.Line)
}

// part is the first line of a part of a failure: what was found, where, how it was asked.
var part = regexp.MustCompile(`^  ([a-z]+) +\S`)

// found is what a failure says beside its title, without where and how it was asked,
// which stands in the reports.
func found(message string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(message, "\n "), "\n")
	parted, kept := false, false
	for _, line := range lines[1:] {
		if m := part.FindStringSubmatch(line); m != nil {
			parted, kept = true, m[1] != "target" && m[1] != "asked"
		}
		if kept {
			out.WriteString("\n  " + line)
		}
	}
	if parted {
		return out.String()
	}
	// Gomega's own texts, or an author's.
	out.Reset()
	for _, line := range lines[:min(len(lines), 12)] {
		if line != "" {
			out.WriteString("\n    " + line)
		}
	}
	return out.String()
}

func firstBad(results []report.Result, o report.Outcome) error {
	for _, r := range results {
		if r.Outcome == o {
			return errors.New(r.Message)
		}
	}
	return errors.New(string(o))
}

// runGreen runs the specs after converge.
func (l *run) runGreen(ctx context.Context) StageResult {
	ran := l.hooks.Specs(ctx, Green, l.text)
	l.green = ran.Results
	return judge(ran)
}

// judge says how a run of specs went of which each has to hold.
func judge(ran SpecRun) StageResult {
	c := count(ran.Results)
	out := StageResult{Outcome: Held, Summary: c.String()}
	for _, r := range ran.Results {
		if r.Outcome.Bad() {
			out.Details = append(out.Details, fmt.Sprintf("%s: %s", r.Outcome, specLine(r))+found(r.Message))
		}
	}
	wrong := c[report.Failed] > 0 || slices.ContainsFunc(ran.Results, func(r report.Result) bool { return r.Node != "" && r.Outcome == report.Failed })
	switch {
	case wrong:
		out.Outcome = Failed
	case ran.Err != nil:
		return broken("running the specs", ran.Err)
	case len(out.Details) > 0:
		out.Outcome = Broken
	case c.tested() == 0:
		return broken("running the specs", errors.New("nothing was tested: all specs were skipped"))
	}
	return out
}

// converge brings the target to its wanted state, between two looks at it.
func (l *run) converge(ctx context.Context) StageResult {
	if err := l.lookBefore(ctx); err != nil {
		return broken("looking at the target before", err)
	}
	if err := l.lookOutside(ctx); err != nil {
		return broken("looking at what no image takes along", err)
	}
	var out StageResult
	mark := rand.Text()
	if len(l.suite.Converge) == 0 {
		if l.history.built == "" {
			return broken("converging", errors.New("the suite has no converge command, and no Dockerfile either"))
		}
		if err := l.takeBuilt(ctx); err != nil {
			return broken("making a container of the built image", err)
		}
		out = StageResult{Outcome: Held, Summary: "docker build"}
	} else if out = l.convergeAll(ctx, mark); out.Outcome == Broken {
		return out
	}
	left, err := l.leftRunning(ctx, mark)
	if err != nil {
		return broken("looking for what converge has left running", err)
	}
	for _, name := range left {
		out.Outcome = Warned
		out.Details = append(out.Details, "what converge started still runs, and is in no image: "+name)
	}
	if err := l.lookAfter(ctx); err != nil {
		return broken("looking at the target after", err)
	}
	return out
}

// convergeAll runs all commands, each as often as it is to pass.
func (l *run) convergeAll(ctx context.Context, mark string) StageResult {
	var said []string
	for _, c := range l.suite.Converge {
		for range max(1, c.Passes) {
			one, err := l.convergeOnce(ctx, c, mark)
			if err != nil {
				return StageResult{Outcome: Broken, Summary: "converge failed: " + firstLine(c.Run), Details: []string{l.whyBroken(ctx, err)}}
			}
			said = append(said, one)
		}
	}
	return StageResult{Outcome: Held, Summary: strings.Join(said, "; ")}
}

// whyBroken adds how the container is, which a command may have ended.
func (l *run) whyBroken(ctx context.Context, err error) string {
	text := err.Error()
	var unknown *evidence.Unknown
	if errors.As(err, &unknown) {
		text = unknown.Reason
	}
	if l.draft != nil && errors.As(err, &unknown) {
		text += "\n" + l.draft.State(context.WithoutCancel(ctx))
	}
	return text
}

func firstLine(s string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if rest != "" {
		line += " ..."
	}
	return evidence.Excerpt(line, 100)
}

// convergeOnce runs one command, shows what it prints, and judges it by its exit code
// and by what it says itself.
func (l *run) convergeOnce(ctx context.Context, c Converge, mark string) (said string, err error) {
	on, err := l.sideOf(c)
	if err != nil {
		return "", err
	}
	script := target.Script{Text: c.Run, Timeout: c.Timeout, Env: append(l.environment(c), markVariable+"="+mark)}
	if script.Timeout == 0 {
		script.Timeout = l.opt.Timeout
	}
	out := &together{w: l.hooks.Output}
	stdout, stderr := &lines{to: out}, &lines{to: out}
	script.LiveStdout, script.LiveStderr = stdout, stderr
	began := time.Now()
	o, _, err := on.Run(ctx, on.As(), script)
	stdout.flush()
	stderr.flush()
	if err != nil {
		return "", err
	}
	printed := slices.Concat(o.Stdout, []byte("\n"), o.Stderr)
	verdict := fact.ReadConverge(c.Run, o.Status.Code, c.Accept, printed)
	if verdict.Failure != "" {
		return "", errors.New(verdict.Failure + lastSaid(verdict.Failure, out.last()))
	}
	name := verdict.Tool
	if name == "" {
		name = firstLine(c.Run)
	}
	said = fmt.Sprintf("%s in %s, %v", name, evidence.Duration(time.Since(began)), o.Status)
	if verdict.Changed != fact.Unknown {
		said += fmt.Sprintf(", says %d changed", verdict.Changed)
	}
	return said, nil
}

// markVariable is in the environment of converge and of what it leaves running.
const markVariable = "HOSTSPEC_CONVERGE"

// leftRunning names the processes that converge has left behind, but for those of a
// service manager, which have an environment of their own. It is worth a warning: in
// a container that is committed they are gone.
func (l *run) leftRunning(ctx context.Context, mark string) ([]string, error) {
	if l.draft == nil || len(l.suite.Converge) == 0 {
		return nil, nil
	}
	script := target.Script{Text: `for f in /proc/[0-9]*/environ; do
if grep -q ` + markVariable + "=" + mark + ` "$f" 2>/dev/null; then p=${f%/environ}; c=$(tr '\000' ' ' <$p/cmdline); echo "$c (process ${p#/proc/})"; fi; done`}
	o, _, err := l.eyes.Run(ctx, l.eyes.As(), script)
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(o.Stdout)) {
		out = append(out, evidence.Excerpt(strings.TrimSpace(line), 120))
	}
	return out, nil
}

// lastSaid is the last line of what a command printed, where the failure tells no
// more than an exit code.
func lastSaid(failure, printed string) string {
	said := evidence.Excerpt(strings.TrimSpace(lastLine(printed)), 300)
	if strings.Contains(failure, ":") || said == "" {
		return ""
	}
	return "; the last it said: " + said
}

// sideOf is where a command runs.
func (l *run) sideOf(c Converge) (*target.Target, error) {
	if !c.Here {
		return l.target, nil
	}
	if l.here == nil {
		t, err := newTarget("local://")
		if err != nil {
			return nil, err
		}
		l.here = t
	}
	return l.here, nil
}

// environment is that of the suite; a command on this side also learns what the
// target is. Ansible does not run where texts are not UTF-8.
func (l *run) environment(c Converge) []string {
	out := []string{"LC_ALL=C.UTF-8"}
	for _, v := range l.suite.Env {
		out = append(out, v.Name+"="+v.Value)
	}
	if c.Here {
		out = append(out, "HOSTSPEC_TARGET="+l.text)
		if l.draft != nil {
			out = append(out, "HOSTSPEC_CONTAINER="+l.draft.ID())
		}
	}
	return out
}
