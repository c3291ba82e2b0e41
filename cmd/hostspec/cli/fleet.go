package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/report"
)

// A fleet runs compiled specs on targets: the packages of a target one after
// another, targets at the same time.
type fleet struct {
	plan      *plan
	password  *password.Source
	packages  []*specPackage
	collector *collector
	stop      *stopper
	// verbose gets what the test binaries print; nil keeps it hidden.
	verbose io.Writer
	mu      sync.Mutex // of verbose
}

func (f *fleet) run() {
	free := make(chan struct{}, f.plan.jobs)
	var wg sync.WaitGroup
	for i, t := range f.plan.targets {
		// Taken here, so that targets start in the order they were given.
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			release := f.launch(&t)
			defer release()
			for _, p := range f.packages {
				if f.stop.interrupted() {
					return
				}
				f.job(t, p, i == 0)
			}
		})
	}
	wg.Wait()
}

// launch makes what all packages of a target share, as the one container of an image.
// When it cannot be made, each package tries for itself, and reports why it could not.
func (f *fleet) launch(t *runTarget) (release func()) {
	if f.stop.interrupted() {
		return func() {}
	}
	made, err := t.uri.Launch(f.stop.soft)
	if err != nil || made == nil {
		return func() {}
	}
	t.env = append(t.env, made.Environ())
	return func() {
		if err := made.Close(); err != nil {
			f.collector.problem(report.Problem{Target: t.shown, Text: fmt.Sprintf("what was made for it could not be removed: %v", err)})
		}
	}
}

// wrongFlag matches what package flag says of a wrong command line.
var wrongFlag = regexp.MustCompile(`^(flag provided but not defined|flag needs an argument|bad flag syntax|invalid (boolean )?value .* for flag|invalid boolean flag)`)

// job runs one package on one target and tells the collector how it went.
func (f *fleet) job(t runTarget, p *specPackage, first bool) {
	j := &job{fleet: f, target: t, pkg: p, first: first, output: &tail{}}
	err := j.run()
	problem := func(format string, args ...any) report.Problem {
		return report.Problem{Target: t.shown, Package: p.path, Text: fmt.Sprintf(format, args...)}
	}
	printed := func(p report.Problem) report.Problem {
		p.Output = j.output.String()
		return p
	}
	switch {
	case j.refused != "":
		f.collector.refuse(problem("%s", j.refused))
	case f.stop.interrupted() && j.end == nil:
		if j.begin != nil {
			f.collector.problem(problem("killed after %d of %s, since it was interrupted twice", j.ran, evidence.Count(j.begin.Specs, "spec")))
		}
	case !j.called && j.begin == nil && err == nil:
		f.collector.refuse(problem("its specs can never run, since no test calls Run\nadd: func TestSpecs(t *testing.T) { Run(t, \"specs\") }"))
	case !j.called && j.begin == nil:
		p := printed(problem("the test binary ended before Run was called: %v", err))
		// Package flag says what it was given wrong, and then all that it knows.
		if first, _, _ := strings.Cut(j.output.all(), "\n"); wrongFlag.MatchString(first) {
			p.Text, p.Output = "the test binary does not take these flags: "+first, ""
		}
		f.collector.refuse(p)
	case j.begin == nil:
		f.collector.refuse(printed(problem("its specs could not be declared: %v", orNothing(err))))
	case j.end == nil:
		f.collector.problem(printed(problem("the test binary ended in the middle, after %d of %s: %v", j.ran, evidence.Count(j.begin.Specs, "spec"), orNothing(err))))
	default:
		f.judge(j, err, problem, printed)
	}
}

// judge looks at a package that came to its end.
func (f *fleet) judge(j *job, err error, problem func(string, ...any) report.Problem, printed func(report.Problem) report.Problem) {
	said := false
	if j.end.Focused {
		f.collector.problem(problem("a focus is left in the code (FIt, FDescribe, Focus): other specs did not run\ntake it out"))
		said = true
	}
	for _, text := range j.end.Problems {
		// Ginkgo words its own failure because of a focus, too.
		if f.stop.interrupted() || said && text == "Detected Programmatic Focus" {
			continue
		}
		f.collector.problem(problem("%s", text))
		said = true
	}
	switch {
	case f.stop.interrupted() || said:
	case j.lost != nil:
		f.collector.problem(problem("cannot read what the test binary told: %v", j.lost))
	case err != nil && !j.bad:
		f.collector.problem(printed(problem("all its specs held, yet the test binary failed: %v\nanother test of the package, or what runs after the specs, must have failed", err)))
	}
}

func orNothing(err error) any {
	if err == nil {
		return "exit status 0"
	}
	return err
}
