package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/spec/report"
)

// A receiver is told how a run goes, one call at a time: a report, or whoever keeps
// results to report them otherwise.
type receiver interface {
	Begin(report.Begin)
	Result(report.Begin, report.Result)
	Done(report.Begin)
}

// A collector hands what the test binaries tell to the reports, one call at a
// time, and counts.
type collector struct {
	mu      sync.Mutex
	reports []receiver
	sum     report.Summary
	// dir is what locations are told relative to.
	dir string
	// refused says that a package could not be run at all; wrong and untold say that
	// there were problems beside the specs.
	refused, wrong, untold bool
	// interrupted reports whether somebody wants the run to end.
	interrupted func() bool
}

func newCollector(reports []receiver, targets []string, interrupted func() bool) *collector {
	// Without a working directory locations stay absolute.
	dir, _ := os.Getwd()
	return &collector{reports: reports, dir: dir, interrupted: interrupted, sum: report.Summary{
		Targets: targets, Counts: map[report.Outcome]int{}, Start: time.Now(),
	}}
}

func (c *collector) begin(b report.Begin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.reports {
		f.Begin(b)
	}
}

func (c *collector) result(b report.Begin, r report.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Location = c.relative(r.Location)
	if r.FailedAt != nil {
		at := c.relative(*r.FailedAt)
		r.FailedAt = &at
	}
	// Ginkgo gives no reason for what a filter leaves out, and no time.
	if r.Outcome == report.Skipped && r.Message == "" && r.Took == 0 {
		r.Filtered, r.Message = true, "left out by a filter or a focus"
		if c.interrupted() {
			r.Filtered, r.Message = false, "interrupted"
		}
	}
	if r.Node == "" {
		c.sum.Counts[r.Outcome]++
	} else {
		c.wrong = c.wrong || r.Outcome == report.Failed
		c.untold = c.untold || r.Outcome.Bad() && r.Outcome != report.Failed
	}
	for _, f := range c.reports {
		f.Result(b, r)
	}
}

func (c *collector) done(b report.Begin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.reports {
		f.Done(b)
	}
}

// problem keeps what makes the run wrong beside the specs.
func (c *collector) problem(p report.Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Problems = append(c.sum.Problems, p)
	c.wrong = true
}

// note keeps what reports are to tell once, however many packages say it.
func (c *collector) note(notes []report.Note) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Notes = withNotes(c.sum.Notes, notes)
}

// withNotes adds the notes that are not there yet.
func withNotes(all, more []report.Note) []report.Note {
	for _, n := range more {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// refuse keeps a package that could not be run at all. The reason is told once, however
// many targets and packages have it.
func (c *collector) refuse(p report.Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = true
	for i, other := range c.sum.Problems {
		if other.Text != p.Text {
			continue
		}
		if other.Package != p.Package {
			c.sum.Problems[i].Package, c.sum.Problems[i].Target = "", ""
		}
		return
	}
	c.sum.Problems = append(c.sum.Problems, p)
}

// relative tells a location from where the run was started, as people read it
// and as reports are compared across machines.
func (c *collector) relative(l report.Location) report.Location {
	if c.dir == "" || !filepath.IsAbs(l.File) {
		return l
	}
	if rel, err := filepath.Rel(c.dir, l.File); err == nil && !strings.HasPrefix(rel, "..") {
		l.File = rel
	}
	return l
}

func (c *collector) summary() report.Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Took = time.Since(c.sum.Start)
	c.sum.Interrupted = c.interrupted()
	return c.sum
}

// exitCode is the exit code of a run.
func (c *collector) exitCode(sum report.Summary) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case sum.Interrupted:
		return exitInterrupted
	case c.refused:
		return exitUsage
	case sum.Failed() > 0 || c.wrong:
		return exitWrong
	case sum.NotTold() > 0 || c.untold:
		return exitNotTold
	case sum.Passed() == 0:
		return exitNothing
	}
	return exitHeld
}

// notes are what the reports themselves do not say.
func (c *collector) notes(sum report.Summary, code int) []string {
	switch {
	case code == exitInterrupted:
		return []string{"interrupted: this is what was known by then"}
	case code == exitNothing && sum.Specs() == 0:
		return []string{"nothing was tested: there were no specs"}
	case code == exitNothing:
		return []string{fmt.Sprintf("nothing was tested: none of the %d specs was run", sum.Specs())}
	}
	return nil
}
