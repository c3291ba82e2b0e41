// Package tap is a report in the Test Anything Protocol, version 14 (testanything.org),
// which many tools read: one line for each spec as it ends.
package tap

import (
	"fmt"
	"io"
	"strings"

	"github.com/hostspec/hostspec/spec/report"
)

// A format is known once it is registered. This one is a Stream, for it is written while
// the run goes on. What a program reads when all is over is a Document: one function, which
// gets the whole run.
func init() {
	report.Register(report.Format{Name: "tap", Stream: func(w io.Writer, _ report.Options) report.Stream {
		s := &stream{w: w}
		s.print("TAP version 14\n")
		return s
	}})
}

type stream struct {
	w     io.Writer
	lines int
	err   error
}

// Begin implements report.Stream.
func (s *stream) Begin(report.Begin) {}

// Case implements report.Stream. Secrets are masked by now, and the texts of a Case's
// methods hold nothing that a terminal would obey.
func (s *stream) Case(_ report.Begin, c report.Case) {
	if c.Filtered {
		return // nobody asked for it
	}
	name := c.Name() + " " + c.Place()
	switch {
	case c.Outcome.Bad():
		s.line("not ok", name, "")
		s.print("  ---\n  message: |\n    " + strings.ReplaceAll(c.Message, "\n", "\n    ") + "\n  ...\n")
	case c.Outcome == report.Skipped || c.Outcome == report.Pending:
		s.line("ok", name, " # SKIP "+c.Reason())
	default:
		s.line("ok", name, "")
	}
}

// Done implements report.Stream.
func (s *stream) Done(report.Begin) {}

// End implements report.Stream. What went wrong beside the specs must not be green.
func (s *stream) End(sum report.Summary) error {
	for _, p := range sum.Problems {
		s.line("not ok", p.Where()+": "+p.Text, "")
	}
	s.print(fmt.Sprintf("1..%d\n", s.lines))
	return s.err
}

// plain keeps a text in its line, where a "#" would begin a directive.
var plain = strings.NewReplacer(`\`, `\\`, "#", `\#`, "\n", " ")

// line prints a numbered line.
func (s *stream) line(verdict, text, directive string) {
	s.lines++
	s.print(fmt.Sprintf("%s %d - %s%s\n", verdict, s.lines, plain.Replace(text), directive))
}

// print keeps the first error: the run goes on where its report cannot be written.
func (s *stream) print(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}
