package report

import (
	"io"
	"strings"
)

// A Run is a whole run, as documents are made of it.
type Run struct {
	Summary
	// Suites are the packages on their targets, in the order they began.
	Suites []Begin
	// Cases are the specs in the order they ended, and after them what went wrong
	// beside the specs: a package that crashed must not be green for whoever counts
	// cases alone.
	Cases []Case
}

// A Case is a result that can be shown as it is. Secrets are masked in all its texts. The
// texts that its methods return are also fit for a terminal; those in its fields hold
// what a target or a spec wrote, byte for byte.
type Case struct {
	Result
	// Suite is the text that was given to Run.
	Suite string
	// Number counts from 1 the cases that make the run fail, and is 0 for others.
	Number int
	// Problem says that it is not a spec but what went wrong beside the specs.
	Problem bool
}

// Name is the spec's name with those of its containers. A part of the suite is called by
// its kind: [BeforeSuite].
func (c Case) Name() string {
	words := append([]string{}, c.Containers...)
	if c.Node != "" {
		words = append(words, "["+c.Node+"]")
	}
	if c.Text != "" {
		words = append(words, c.Text)
	}
	return visible(strings.Join(words, " "))
}

// Reason is the message in one line: the first, where there are more.
func (c Case) Reason() string { return oneLine(c.Message) }

// Place says on which target and at which line the spec stands and failed, as far as that
// is known: "on ssh://web1, spec/web_test.go:20, failed at spec/help_test.go:7".
func (c Case) Place() string {
	text := where(c.Target, c.Stage)
	if lines := c.lines(); lines != "" {
		text += ", " + lines
	}
	return text
}

// lines are the spec's line and the one that failed, where that is another.
func (c Case) lines() string {
	text := ""
	if c.Location.File != "" {
		text = c.Location.String()
	}
	if at := c.FailedAt; at != nil && at.File != "" && *at != c.Location {
		text = strings.TrimPrefix(text+", failed at "+at.String(), ", ")
	}
	return text
}

// A Writer is one report of a run while it is written. Its methods are called one at a
// time, in the order of a Stream's.
type Writer struct {
	stream Stream
	// document is written to w by the end of the run.
	document func(io.Writer, *Run) error
	w        io.Writer
	run      Run
	failed   int
}

// NewWriter returns a report in a format, which is written to w.
func NewWriter(f Format, w io.Writer, o Options) *Writer {
	r := &Writer{document: f.Document, w: w}
	if f.Stream != nil {
		r.stream = f.Stream(w, o)
	}
	return r
}

// Begin is called once for each package on each target.
func (w *Writer) Begin(b Begin) {
	if w.stream != nil {
		w.stream.Begin(b)
		return
	}
	w.run.Suites = append(w.run.Suites, b)
}

// Result is called for each spec as it ends.
func (w *Writer) Result(b Begin, r Result) {
	c := Case{Result: r, Suite: b.Suite}
	if r.Outcome.Bad() {
		w.failed++
		c.Number = w.failed
	}
	if w.stream != nil {
		w.stream.Case(b, c)
		return
	}
	w.run.Cases = append(w.run.Cases, c)
}

// Done is called when a package that has begun is through.
func (w *Writer) Done(b Begin) {
	if w.stream != nil {
		w.stream.Done(b)
	}
}

// End is called once, when all is over. It returns what went wrong while writing.
func (w *Writer) End(s Summary) error {
	if w.stream != nil {
		return w.stream.End(s)
	}
	w.run.Summary = s
	for _, p := range s.Problems {
		w.failed++
		w.run.Cases = append(w.run.Cases, w.caseOf(p))
	}
	return w.document(w.w, &w.run)
}

// caseOf is a problem beside the specs as a case among them.
func (w *Writer) caseOf(p Problem) Case {
	text := p.Text
	if p.Output != "" {
		text += "\n\nthe end of what it printed:\n" + p.Output
	}
	c := Case{Problem: true, Number: w.failed, Result: Result{
		Target: p.Target, Package: p.Package, Stage: p.Stage, Text: "the whole package",
		Outcome: NotTold, Start: w.run.Start, Message: text,
	}}
	for _, b := range w.run.Suites {
		if b.Package == p.Package {
			c.Suite = b.Suite
		}
	}
	return c
}
