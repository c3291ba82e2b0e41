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

type jsonFormat struct {
	w   io.Writer
	doc document
}

// NewJSON returns the format for scripts: one JSON document with the targets,
// every spec with the evidence of its answers, what went wrong beside the specs,
// and the summary. It is written when the run is over.
func NewJSON(w io.Writer, _ Options) Format {
	return &jsonFormat{w: w, doc: document{
		Version: 1, Targets: []string{}, Suites: []jsonSuite{}, Specs: []jsonResult{}, Problems: []Problem{},
	}}
}

func (j *jsonFormat) Begin(b Begin) {
	j.doc.Suites = append(j.doc.Suites, jsonSuite{Target: b.Target, Package: b.Package, Suite: b.Suite, Stage: b.Stage})
}

func (j *jsonFormat) Done(Begin) {}

func (j *jsonFormat) Result(b Begin, r Result) {
	out := jsonResult{Result: r, Seconds: seconds(r.Took), Suite: b.Suite, Evidence: []jsonEvidence{}}
	if out.Containers == nil {
		out.Containers = []string{}
	}
	for _, e := range r.Evidence {
		out.Evidence = append(out.Evidence, jsonEvidence{Evidence: e, Seconds: seconds(e.Took)})
	}
	j.doc.Specs = append(j.doc.Specs, out)
}

func (j *jsonFormat) End(s Summary) error {
	j.doc.Start, j.doc.Seconds = s.Start, seconds(s.Took)
	j.doc.Targets = append(j.doc.Targets, s.Targets...)
	j.doc.Problems = append(j.doc.Problems, s.Problems...)
	j.doc.Notes = s.Notes
	j.doc.Summary = jsonSummary{
		Targets: len(s.Targets), Specs: s.Specs(), Passed: s.Passed(), Failed: s.Failed(),
		NotTold: s.NotTold(), Skipped: s.Skipped(), Interrupted: s.Interrupted, Line: s.Line(), Loops: s.Loops,
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j.doc); err != nil {
		return err
	}
	_, err := j.w.Write(evidence.EscapeJSON(text.Bytes()))
	return err
}

// seconds is a time span to the microsecond; more digits would be noise.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
