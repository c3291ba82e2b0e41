// Package report is what a run of specs looks like to whoever reads it: a person
// at a terminal, Jenkins, a script. There is one file for each format, and other people's
// formats come in by Register.
package report

import (
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
)

// An Outcome is how one spec ended.
type Outcome string

// The outcomes. NotTold is a spec that fails because the answer could not be
// told, and Unreachable one whose target could not be used.
const (
	Passed      Outcome = "passed"
	Failed      Outcome = "failed"
	NotTold     Outcome = "could not tell"
	Unreachable Outcome = "unreachable"
	Skipped     Outcome = "skipped"
	Pending     Outcome = "pending"
)

// Bad reports whether the outcome makes a run fail.
func (o Outcome) Bad() bool { return o == Failed || o == NotTold || o == Unreachable }

// WouldRun is the Message of a spec that was skipped because it was asked only
// what would run.
const WouldRun = "would run"

// A Location is a line of a source file.
type Location struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// A Result is one spec on one target.
type Result struct {
	// Target is where it ran, as people and reports see it; for a spec within
	// On that is On's target.
	Target string `json:"target"`
	// Package is the Go package of the spec.
	Package string `json:"package"`
	// Containers are the texts of the containers around the spec, outermost
	// first, and Text is its own.
	Containers []string `json:"containers"`
	Text       string   `json:"text"`
	// Node is what kind of node this is when it is not a spec but a part of the
	// suite that failed, "BeforeSuite", or NodeStage. Else it is empty.
	Node string `json:"node,omitempty"`
	// Stage is the part of hostspec tdd's loop in which it ran: "red", "green"; empty
	// outside of it.
	Stage    string    `json:"stage,omitempty"`
	Location Location  `json:"location"`
	Labels   []string  `json:"labels,omitempty"`
	Outcome  Outcome   `json:"outcome"`
	Start    time.Time `json:"start"`
	// Took is how long it ran.
	Took time.Duration `json:"took"`
	// Attempt is the attempt at which the spec ended, where FlakeAttempts allows
	// several and the first was not the last. Earlier are the failures of the
	// attempts before it.
	Attempt int      `json:"attempt,omitempty"`
	Earlier []string `json:"earlier_failures,omitempty"`
	// Filtered says of a skipped spec that a filter or a focus left it out.
	Filtered bool `json:"filtered,omitempty"`
	// Message is the failure's text, or the reason of a skip.
	Message string `json:"message,omitempty"`
	// FailedAt is the line that failed.
	FailedAt *Location `json:"failed_at,omitempty"`
	// Evidence is what was asked during the spec.
	Evidence []evidence.Evidence `json:"evidence,omitempty"`
	// Output is what the spec wrote to GinkgoWriter.
	Output string `json:"output,omitempty"`
}

// Begin is told before the first spec of a package.
type Begin struct {
	Target  string `json:"target"`
	Package string `json:"package"`
	// Suite is the text that was given to Run.
	Suite string `json:"suite"`
	// Stage is the part of hostspec tdd's loop that it belongs to; empty outside of it.
	Stage string `json:"stage,omitempty"`
	// Specs is how many specs are going to run, and Total how many there are.
	Specs int `json:"specs"`
	Total int `json:"total"`
}

// A Note is something that does not make a run wrong and that whoever reads a report
// must know: that a host key was not verified.
type Note struct {
	Target string `json:"target"`
	Text   string `json:"text"`
}
