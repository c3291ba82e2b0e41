package report

import (
	"io"
	"strconv"
)

// progress is a character for each spec.
type progress struct {
	console
	column int
}

// progressWidth is where a line of characters ends.
const progressWidth = 80

// newProgress opens the short report for people: one character for each spec
// as it ends, and the failures in full at the end. The characters are . passed,
// a digit passed at that attempt only, F failed, ? could not tell, U unreachable
// and - skipped or pending.
func newProgress(w io.Writer, o Options) Stream {
	return &progress{console: console{w: w, color: o.Color}}
}

func (p *progress) Begin(Begin) {}

func (p *progress) Done(Begin) {}

func (p *progress) Case(_ Begin, r Case) {
	p.keep(r)
	if r.Filtered {
		return // what nobody asked for is in the count alone
	}
	if p.column == progressWidth {
		p.print("\n")
		p.column = 0
	}
	mark := map[Outcome]string{Passed: ".", Failed: "F", NotTold: "?", Unreachable: "U"}[r.Outcome]
	if mark == "" {
		mark = "-"
	}
	if r.Outcome == Passed && r.Attempt > 1 {
		mark = strconv.Itoa(min(r.Attempt, 9))
	}
	p.print(p.paint(p.colorOf(r.Outcome), mark))
	p.column++
}

func (p *progress) End(sum Summary) error {
	if p.column > 0 {
		p.print("\n")
	}
	p.flakes()
	p.failures()
	p.problems(sum.Problems)
	p.notes(sum.Notes)
	p.print("\n")
	return p.err
}
