package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
)

// document is the JSON report. Times are RFC 3339, time spans are seconds.
type document struct {
	// Version changes when a field changes its meaning or goes; new fields may
	// come at any time.
	Version  int          `json:"version"`
	Start    time.Time    `json:"start"`
	Seconds  float64      `json:"seconds"`
	Targets  []string     `json:"targets"`
	Suites   []jsonSuite  `json:"suites"`
	Specs    []jsonResult `json:"specs"`
	Problems []Problem    `json:"problems"`
	Notes    []Note       `json:"notes,omitempty"`
	Summary  jsonSummary  `json:"summary"`
}

type jsonSuite struct {
	Target  string `json:"target"`
	Package string `json:"package"`
	Suite   string `json:"suite"`
	Stage   string `json:"stage,omitempty"`
}

// jsonResult is a Result whose time spans are seconds. An untagged pointer that
// is always nil hides the field of the same name within.
type jsonResult struct {
	Result
	Took     *struct{}      `json:"took,omitempty"`
	Seconds  float64        `json:"seconds"`
	Suite    string         `json:"suite"`
	Evidence []jsonEvidence `json:"evidence"`
}

type jsonEvidence struct {
	evidence.Evidence
	Took    *struct{} `json:"took,omitempty"`
	Seconds float64   `json:"seconds"`
}

type jsonSummary struct {
	Targets     int    `json:"targets"`
	Specs       int    `json:"specs"`
	Passed      int    `json:"passed"`
	Failed      int    `json:"failed"`
	NotTold     int    `json:"could_not_tell"`
	Skipped     int    `json:"skipped"`
	Interrupted bool   `json:"interrupted"`
	Line        string `json:"line"`
	// Loops are the suites of hostspec tdd.
	Loops []LoopSuite `json:"loops,omitempty"`
}

// writeJSON writes the report for scripts: one JSON document with the targets,
// every spec with the evidence of its answers, what went wrong beside the specs,
// and the summary.
func writeJSON(w io.Writer, run *Run) error {
	doc := document{
		Version: 1, Start: run.Start, Seconds: seconds(run.Took), Targets: []string{}, Suites: []jsonSuite{},
		Specs: []jsonResult{}, Problems: []Problem{}, Notes: run.Notes,
		Summary: jsonSummary{
			Targets: len(run.Targets), Specs: run.Specs(), Passed: run.Passed(), Failed: run.Failed(),
			NotTold: run.NotTold(), Skipped: run.Skipped(), Interrupted: run.Interrupted, Line: run.Line(), Loops: run.Loops,
		},
	}
	doc.Targets = append(doc.Targets, run.Targets...)
	doc.Problems = append(doc.Problems, run.Problems...)
	for _, b := range run.Suites {
		doc.Suites = append(doc.Suites, jsonSuite{Target: b.Target, Package: b.Package, Suite: b.Suite, Stage: b.Stage})
	}
	for _, c := range run.Cases {
		if !c.Problem {
			doc.Specs = append(doc.Specs, jsonResultOf(c))
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := w.Write(evidence.EscapeJSON(text.Bytes()))
	return err
}

func jsonResultOf(c Case) jsonResult {
	out := jsonResult{Result: c.Result, Seconds: seconds(c.Took), Suite: c.Suite, Evidence: []jsonEvidence{}}
	if out.Containers == nil {
		out.Containers = []string{}
	}
	for _, e := range c.Evidence {
		out.Evidence = append(out.Evidence, jsonEvidence{Evidence: e, Seconds: seconds(e.Took)})
	}
	return out
}

// seconds is a time span to the microsecond; more digits would be noise.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
