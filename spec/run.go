package spec

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
	"golang.org/x/term"

	"github.com/hostspec/hostspec/spec/evidence"
)

// Run runs the specs of a package. It is called from the one test function that
// such a package needs, and takes the decorators and configurations that
// Ginkgo's RunSpecs takes.
//
//	func TestWeb(t *testing.T) { Run(t, "web server") }
//
// Results are never cached by `go test`: the target may have changed. Run
// returns whether all specs held.
func Run(t ginkgo.GinkgoTestingT, description string, args ...any) bool {
	s := theSuite
	description = evidence.Clean(description)
	helper(t)
	s.test = t
	if err := s.begin(description, args); err != nil {
		s.refuse(err.Error())
		return false
	}
	gomega.RegisterFailHandler(func(message string, skip ...int) {
		offset := 1
		if len(skip) > 0 {
			offset += skip[0]
		}
		ginkgo.Fail(failure(message), offset)
	})
	s.declareNodes()
	stdout := formatter.ColorableStdOut
	s.console = &console{out: stdout}
	formatter.ColorableStdOut = s.console
	args, colours := configured(t, args)
	s.console.colours, s.writer.colours = colours, colours
	args = append(args, ginkgo.AroundNode(s.aroundNode))
	delayCollector()
	s.sayTarget(description)
	passed := ginkgo.RunSpecs(t, description, args...)
	formatter.ColorableStdOut = stdout
	s.writer.restore()
	s.phase.Store(int32(over))
	if err := s.close(); err != nil {
		fmt.Fprintln(os.Stderr, "hostspec: closing the connections:", evidence.Clean(err.Error()))
	}
	return passed
}

// sayTarget tells whoever reads the output of go test -v what the specs run
// against: a green line must not be about another machine than was meant.
func (s *suite) sayTarget(description string) {
	if c, _ := ginkgo.GinkgoConfiguration(); s.events == nil && c.ParallelProcess == 1 {
		fmt.Fprintf(s.console, "hostspec: %q runs against %s\n", description, s.targetName(nil))
	}
}

// begin prepares everything that can go wrong before the first spec.
func (s *suite) begin(description string, args []any) error {
	if !s.is(loading) {
		return fmt.Errorf("Run may be called once in a package")
	}
	s.phase.Store(int32(building))
	s.title, s.labels = description, suiteLabels(args)
	var err error
	if s.events, err = openEvents(); err != nil {
		return err
	}
	s.events.called(s.targetName(nil), description)
	if _, err := s.target(nil); err != nil {
		return err
	}
	return defeatCache()
}

// refuse ends the test before any spec has run: something was asked for that
// can't be right. It is called while Ginkgo enters containers, too, where a panic
// would be told as a mistake of another kind.
func (s *suite) refuse(reason string) {
	reason = evidence.Clean(reason)
	s.events.refused(reason)
	if f, ok := s.test.(interface{ Fatal(...any) }); ok {
		f.Fatal("hostspec: " + reason)
	}
	fmt.Fprintln(os.Stderr, "hostspec: "+reason)
	s.test.Fail()
}

// targetName is a block's target as reports show it.
func (s *suite) targetName(b *onBlock) string {
	t, err := s.target(b)
	if err != nil {
		return s.targetText(b)
	}
	return t.String()
}

func suiteLabels(args []any) []string {
	var out []string
	for _, a := range args {
		if l, ok := a.(ginkgo.Labels); ok {
			out = append(out, l...)
		}
	}
	return out
}

// declareNodes adds the nodes that report and clean up.
func (s *suite) declareNodes() {
	ginkgo.ReportBeforeSuite(func(ctx ginkgo.SpecContext, r types.Report) {
		s.takeBack(recordOf(ctx))
		s.events.begin(s.targetName(nil), r)
	})
	ginkgo.ReportAfterEach(func(ctx ginkgo.SpecContext, r types.SpecReport) {
		s.takeBack(recordOf(ctx))
		if r.State.Is(types.SpecStateFailureStates) {
			s.noteFailure(r)
		}
		s.events.result(s, r)
	})
	ginkgo.ReportAfterSuite("hostspec", func(ctx ginkgo.SpecContext, r types.Report) {
		s.takeBack(recordOf(ctx))
		s.events.end(s, r)
		s.placeFailures(r.SpecReports)
		if s.events == nil {
			for _, n := range s.notes() {
				fmt.Fprintf(s.console.out, "\nNote: %s\n", evidence.Clean(n.Target+": "+n.Text))
			}
		}
		cleanReport(r) // for those that Ginkgo writes after this one
		if nothingTested(r) {
			s.tellNothingTested(r)
		}
		_ = s.close() // told again, and reported, by Run
	})
}

// delayCollector has the first garbage collection wait until 16 MiB have been made,
// and none behind it: a run is short, and most of what it makes lives to its end.
func delayCollector() {
	if os.Getenv("GOGC") != "" {
		return // somebody knows better
	}
	// Without a setting the first collection is at 4 MiB.
	percent := debug.SetGCPercent(400)
	runtime.AddCleanup(&struct{ self *int }{}, func(percent int) { debug.SetGCPercent(percent) }, percent)
}

// dryRun reports whether specs are listed only, and none is run.
func (s *suite) dryRun() bool {
	c, _ := ginkgo.GinkgoConfiguration()
	return c.DryRun
}

// noteFailure remembers the first spec of an author that met an unusable target,
// for the specs that are skipped because of it.
func (s *suite) noteFailure(r types.SpecReport) {
	b := s.blockOf(r)
	s.mu.Lock()
	t := s.targets[s.targetText(b)]
	s.mu.Unlock()
	if t != nil {
		s.noteUnreachable(t.Dead(), b, r.FullText())
	}
}

func nothingTested(r types.Report) bool {
	for _, s := range r.SpecReports {
		if s.LeafNodeType.Is(types.NodeTypeIt) && !s.State.Is(types.SpecStateSkipped|types.SpecStatePending) {
			return false
		}
	}
	return true
}

// tellNothingTested fails a package in which nothing was tested, since that must
// not look like a green run. An explicit filter may leave nothing of one package
// among many: that is told in one line, and `hostspec run` judges the whole.
func (s *suite) tellNothingTested(r types.Report) {
	c := r.SuiteConfig
	filtered := c.LabelFilter != "" || len(c.FocusStrings)+len(c.SkipStrings)+len(c.FocusFiles)+len(c.SkipFiles) > 0 || c.SemVerFilter != ""
	switch {
	case s.events != nil:
	case c.DryRun:
		fmt.Printf("hostspec: nothing of %q was tested: this is a dry run\n", r.SuiteDescription)
	case filtered && r.PreRunStats.SpecsThatWillRun == 0:
		fmt.Printf("hostspec: nothing of %q was tested: the filters left none of its %s\n", r.SuiteDescription, evidence.Count(r.PreRunStats.TotalSpecs, "spec"))
	case !r.SuiteSucceeded:
	case r.PreRunStats.TotalSpecs == 0:
		ginkgo.Fail(fmt.Sprintf("nothing was tested: %q has no specs", r.SuiteDescription))
	default:
		ginkgo.Fail(fmt.Sprintf("nothing was tested: all of the %d specs of %q were skipped or pending", r.PreRunStats.TotalSpecs, r.SuiteDescription))
	}
}

// configured completes Ginkgo's configuration, or the author's own among args, and says
// whether Ginkgo is to print in colours.
func configured(t ginkgo.GinkgoTestingT, args []any) (_ []any, colours bool) {
	suite, reporter := ginkgo.GinkgoConfiguration()
	rest := []any{}
	for _, a := range args {
		switch c := a.(type) {
		case types.SuiteConfig:
			suite = c
		case types.ReporterConfig:
			reporter = c
		default:
			rest = append(rest, a)
		}
	}
	suite.Timeout = beforeDeadline(t, suite.Timeout)
	if os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(os.Stdout.Fd())) {
		reporter.NoColor = true
		// What Ginkgo says of a tree that it cannot build goes by this one.
		formatter.SingletonFormatter.ColorMode = formatter.ColorModeNone
	}
	return append(rest, suite, reporter), !reporter.NoColor
}

// beforeDeadline makes Ginkgo stop in time for its report before `go test
// -timeout` kills the process.
func beforeDeadline(t ginkgo.GinkgoTestingT, timeout time.Duration) time.Duration {
	d, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return timeout
	}
	deadline, ok := d.Deadline()
	if !ok {
		return timeout
	}
	left := time.Until(deadline)
	left -= min(left/10, 10*time.Second)
	if left > 0 && (timeout == 0 || left < timeout) {
		return left
	}
	return timeout
}

// helper uses what *testing.T has beyond Ginkgo's small interface.
func helper(t ginkgo.GinkgoTestingT) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
}
