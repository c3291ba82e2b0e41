package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
)

// documentation is the default format.
type documentation struct {
	console
	// live is the package that is written as it goes. What other packages have
	// to tell meanwhile waits in its own place, in the order they began: lines
	// of several targets never mix.
	live    *docSuite
	waiting []*docSuite
	any     bool
}

// A docSuite is one package on one target while it is written.
type docSuite struct {
	begin Begin
	// path is the containers under which the last line stands.
	path []string
	held bytes.Buffer
	done bool
}

// newDocumentation opens the report for people: specs as a tree of their
// containers as they end, and the failures in full at the end. A spec that held
// is marked by ✓, one that was answered wrong by ✗, one that could not be told
// by ?, and one that did not run by -.
func newDocumentation(w io.Writer, o Options) Stream {
	return &documentation{console: console{w: w, color: o.Color}}
}

func (d *documentation) Begin(b Begin) {
	s := &docSuite{begin: b}
	d.waiting = append(d.waiting, s)
	title, place := visible(b.Suite), where(b.Target, b.Stage)
	if b.Suite == NodeStage && b.Package == "" {
		title, place = "stage "+b.Stage, where(b.Target, "")
	}
	d.say(s, fmt.Sprintf("\n%s %s\n", d.paint(bold, title), d.paint(faint, place)))
	d.advance()
}

func (d *documentation) Case(b Begin, r Case) {
	d.keep(r)
	s := d.suite(b)
	if s == nil || r.Filtered {
		return // what nobody asked for is in the count alone
	}
	if r.Node == NodeStage {
		d.say(s, d.stageText(r))
		return
	}
	if r.Node != "" {
		d.say(s, fmt.Sprintf("  %s\n", d.line(r, "["+r.Node+"] "+r.Text)))
		return
	}
	var text strings.Builder
	path := r.Containers
	if r.Target != b.Target && !strings.Contains(strings.Join(path, " "), r.Target) {
		path = append([]string{"on " + r.Target}, path...)
	}
	same := 0
	for same < len(path) && same < len(s.path) && path[same] == s.path[same] {
		same++
	}
	for i := same; i < len(path); i++ {
		fmt.Fprintf(&text, "%s%s\n", strings.Repeat("  ", i+1), visible(path[i]))
	}
	s.path = slices.Clone(path)
	fmt.Fprintf(&text, "%s%s\n", strings.Repeat("  ", len(path)+1), d.line(r, r.Text))
	d.say(s, text.String())
}

// line is a spec with its mark, what there is to say about it, and the number
// under which its failure is told.
func (d *documentation) line(r Case, text string) string {
	mark := map[Outcome]string{Passed: "✓", Failed: "✗", NotTold: "?", Unreachable: "?"}[r.Outcome]
	if mark == "" {
		mark = "-"
	}
	line := mark + " " + visible(text)
	if text == "" {
		line += "(a spec without a name)"
	}
	switch r.Outcome {
	case Passed:
		if r.Attempt > 1 {
			line += fmt.Sprintf(" (passed at attempt %d)", r.Attempt)
		}
	case NotTold:
		line += " (could not tell)"
	case Unreachable:
		line += " (UNREACHABLE)"
	case Pending:
		line += " (pending)"
	case Skipped:
		if r.Message == WouldRun {
			line += " (" + WouldRun + ")"
			break
		}
		line += " (skipped"
		if r.Message != "" {
			line += ": " + r.Reason()
		}
		line += ")"
	}
	line = d.paint(d.colorOf(r.Outcome), line)
	if r.Number > 0 {
		line += fmt.Sprintf(" (see %d)", r.Number)
	}
	if r.Took >= time.Second {
		line += d.paint(faint, " "+evidence.Duration(r.Took))
	}
	return line
}

func (d *documentation) Done(b Begin) {
	if s := d.suite(b); s != nil {
		s.done = true
	}
	d.advance()
}

func (d *documentation) End(sum Summary) error {
	for _, s := range d.waiting {
		s.done = true
	}
	d.advance()
	d.flakes()
	d.failures()
	d.problems(sum.Problems)
	d.notes(sum.Notes)
	d.print("\n")
	return d.err
}

func (d *documentation) suite(b Begin) *docSuite {
	for _, s := range d.waiting {
		if s.begin == b {
			return s
		}
	}
	return nil
}

func (d *documentation) say(s *docSuite, text string) {
	if s == d.live {
		d.print(text)
		return
	}
	s.held.WriteString(text)
}

// advance takes the next package when the live one is through, and what has
// ended meanwhile with it.
func (d *documentation) advance() {
	for {
		if d.live != nil && !d.live.done {
			return
		}
		d.waiting = slices.DeleteFunc(d.waiting, func(s *docSuite) bool { return s == d.live })
		d.live = nil
		if len(d.waiting) == 0 {
			return
		}
		d.live = d.waiting[0]
		text := d.live.held.String()
		if !d.any {
			text, d.any = strings.TrimPrefix(text, "\n"), true
		}
		d.print(text)
	}
}
