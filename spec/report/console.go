package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A console is what the formats for people share: colours, the list of
// failures, and an error that is kept until the end.
type console struct {
	w     io.Writer
	color bool
	err   error
	bad   []Case
	// flaky are specs that passed after an attempt had failed.
	flaky []Case
}

func (c *console) print(text string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, text)
	}
}

// ANSI colours, as in ECMA-48's Select Graphic Rendition.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	faint  = "2"
	bold   = "1"
)

func (c *console) paint(color, text string) string {
	if !c.color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (c *console) colorOf(o Outcome) string {
	switch o {
	case Passed:
		return green
	case Failed:
		return red
	case NotTold, Unreachable:
		return yellow
	}
	return faint
}

// keep keeps what is told in full at the end: a failure, and a spec that passed at a
// later attempt.
func (c *console) keep(r Case) {
	switch {
	case r.Number > 0:
		c.bad = append(c.bad, r)
	case r.Outcome == Passed && r.Attempt > 1:
		c.flaky = append(c.flaky, r)
	}
}

// flakes lists the specs that passed at a later attempt, with what went wrong
// before.
func (c *console) flakes() {
	if len(c.flaky) == 0 {
		return
	}
	c.print("\n" + c.paint(bold, "Passed at a later attempt:") + "\n")
	for _, r := range c.flaky {
		var b strings.Builder
		fmt.Fprintf(&b, "\n  %s\n    %s\n", c.paint(yellow, fmt.Sprintf("%s: attempt %d", r.Name(), r.Attempt)), c.paint(faint, r.Place()))
		for _, text := range r.Earlier {
			fmt.Fprintf(&b, "\n%s\n", indent(visible(text), "    "))
		}
		c.print(b.String())
	}
}

// failures tells all failures in full.
func (c *console) failures() {
	if len(c.bad) == 0 {
		return
	}
	c.print("\n" + c.paint(bold, "Failures:") + "\n")
	for _, r := range c.bad {
		c.failure(r)
	}
}

func (c *console) failure(r Case) {
	var b strings.Builder
	head := fmt.Sprintf("%d) ", r.Number)
	pad := strings.Repeat(" ", 2+len(head))
	title := strings.ToUpper(string(r.Outcome)) + ": " + r.Name()
	fmt.Fprintf(&b, "\n  %s%s\n", head, c.paint(c.colorOf(r.Outcome), title))
	fmt.Fprintf(&b, "%s%s\n", pad, c.paint(faint, r.Place()))
	if r.Message != "" {
		fmt.Fprintf(&b, "\n%s\n", indent(visible(r.Message), pad))
	}
	if r.Output != "" {
		fmt.Fprintf(&b, "\n%soutput of the spec:\n%s\n", pad, indent(visible(r.Output), pad+"  "))
	}
	c.print(b.String())
}

// problems tells what went wrong beside the specs.
func (c *console) problems(problems []Problem) {
	if len(problems) == 0 {
		return
	}
	c.print("\n" + c.paint(bold, "Problems beside the specs:") + "\n")
	for i, p := range problems {
		head := fmt.Sprintf("%d) ", i+1)
		pad := strings.Repeat(" ", 2+len(head))
		title := p.Where()
		if title != "" {
			title += ": "
		}
		text := strings.TrimLeft(indent(title+visible(p.Text), pad), " ")
		c.print(fmt.Sprintf("\n  %s%s\n", head, c.paint(red, text)))
		if p.Output != "" {
			c.print(fmt.Sprintf("\n%sthe end of what it printed:\n%s\n", pad, indent(visible(p.Output), pad+"  ")))
		}
	}
}

// notes tells what does not make the run wrong and must be known.
func (c *console) notes(notes []Note) {
	for _, n := range notes {
		text := "Note: " + visible(n.Target) + ": " + visible(n.Text)
		c.print("\n" + strings.TrimLeft(indent(text, "      "), " ") + "\n")
	}
}

// Where says which package on which target a problem is about.
func (p Problem) Where() string {
	switch {
	case p.Package != "" && p.Target != "":
		return p.Package + " on " + p.Target
	case p.Package != "":
		return p.Package
	}
	return p.Target
}

func (l Location) String() string { return fmt.Sprintf("%s:%d", l.File, l.Line) }

// visible makes control characters visible: no spec's text may play with the
// reader's terminal.
func visible(s string) string { return evidence.Clean(s) }

// oneLine is the first line of a text, for places that have room for one.
func oneLine(s string) string {
	line, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more {
		line += " ..."
	}
	return visible(line)
}

// indent puts a text under a heading, without blanks on empty lines.
func indent(text, by string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}
