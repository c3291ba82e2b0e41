package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A Summary is a whole run in numbers.
type Summary struct {
	// Targets are the targets of the run, in the order they were given.
	Targets []string
	// Counts says how many specs ended how.
	Counts map[Outcome]int
	// Problems are what failed beside the specs.
	Problems []Problem
	// Notes are told once each, however many packages had them.
	Notes []Note
	// Interrupted says that somebody stopped the run.
	Interrupted bool
	// Start is when the run began and Took how long it lasted.
	Start time.Time
	Took  time.Duration
	// Loops are the suites of hostspec tdd, in their order.
	Loops []LoopSuite
}

// A Problem is what went wrong beside the specs: a package that crashed, a
// focus left in the code.
type Problem struct {
	// Target and Package say where; either may be empty when it is not about
	// one of them.
	Target  string `json:"target,omitempty"`
	Package string `json:"package,omitempty"`
	// Stage is the part of hostspec tdd's loop; empty outside of it.
	Stage string `json:"stage,omitempty"`
	// Text says what, and what can be done about it.
	Text string `json:"text"`
	// Output is the end of what the package had printed, where that helps.
	Output string `json:"output,omitempty"`
}

// Passed is how many specs held.
func (s Summary) Passed() int { return s.Counts[Passed] }

// Failed is how many specs were answered wrong.
func (s Summary) Failed() int { return s.Counts[Failed] }

// NotTold is how many specs could not be told. The one spec that fails for a
// whole unreachable target is among them.
func (s Summary) NotTold() int { return s.Counts[NotTold] + s.Counts[Unreachable] }

// Skipped is how many specs did not run, the pending ones among them.
func (s Summary) Skipped() int { return s.Counts[Skipped] + s.Counts[Pending] }

// Specs is how many specs there were.
func (s Summary) Specs() int { return s.Passed() + s.Failed() + s.NotTold() + s.Skipped() }

// Line is the last line of a run, which scripts read, too. A loop has a line for each suite, which says how that went.
func (s Summary) Line() string {
	if len(s.Loops) > 0 {
		var lines []string
		for _, l := range s.Loops {
			lines = append(lines, l.Line)
		}
		return strings.Join(lines, "\n")
	}
	line := fmt.Sprintf("%s: %d passed, %d failed, %d could not tell, %d skipped",
		evidence.Count(s.Specs(), "spec"), s.Passed(), s.Failed(), s.NotTold(), s.Skipped())
	if len(s.Targets) > 1 {
		line = fmt.Sprintf("%d targets, %s", len(s.Targets), line)
	}
	return line
}
