package report

import (
	"fmt"
	"strings"
	"time"
)

// NodeStage is the Node of a Result that is a stage of hostspec tdd's loop itself and
// not a spec: what makes a gate fail has to stand in the report. Its Message is what the
// stage has to say, the summary in the first line, also where it passed.
const NodeStage = "stage"

// A LoopSuite is how the loop of one suite went, in the summary of a report.
type LoopSuite struct {
	Suite string `json:"suite"`
	// Outcome is the worst of the stages: held, warned, failed or broken.
	Outcome string `json:"outcome"`
	// Line is what the terminal says last about the suite.
	Line   string      `json:"line"`
	Stages []LoopStage `json:"stages"`
	// Coverage is nil where the loop did not come so far.
	Coverage *LoopCoverage `json:"coverage,omitempty"`
	// Image is the ID of the image that was promoted.
	Image string `json:"image,omitempty"`
}

// A LoopStage is how one stage went.
type LoopStage struct {
	Stage string `json:"stage"`
	// Outcome is held, warned, failed, broken or skipped.
	Outcome string   `json:"outcome"`
	Seconds float64  `json:"seconds"`
	Summary string   `json:"summary"`
	Details []string `json:"details,omitempty"`
}

// A LoopCoverage says how much of what converge changed some spec looks at.
type LoopCoverage struct {
	Changes int `json:"changes"`
	Covered int `json:"covered"`
	// Lines are specs that would look at the rest, as an author would write them.
	Lines []string `json:"lines"`
}

// NewLoopStage makes a LoopStage of what took a time.
func NewLoopStage(stage, outcome string, took time.Duration, summary string, details []string) LoopStage {
	return LoopStage{Stage: stage, Outcome: outcome, Seconds: seconds(took), Summary: summary, Details: details}
}

// where names the target, and in a loop also the stage.
func where(target, stage string) string {
	if stage == "" {
		return "on " + visible(target)
	}
	return fmt.Sprintf("on %s, %s", visible(target), stage)
}

// stageText is what a stage has to say for itself, in as many lines as it takes.
func (c *console) stageText(r Case) string {
	mark := map[Outcome]string{Passed: "✓", Failed: "✗", NotTold: "?"}[r.Outcome]
	if mark == "" {
		mark = "-"
	}
	first, rest, _ := strings.Cut(visible(r.Message), "\n")
	text := "  " + c.paint(c.colorOf(r.Outcome), mark+" "+first)
	switch {
	case r.Number > 0:
		text += fmt.Sprintf(" (see %d)", r.Number)
	case rest != "":
		text += "\n" + indent(rest, "      ")
	}
	return text + "\n"
}
