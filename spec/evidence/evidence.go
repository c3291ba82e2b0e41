// Package evidence holds what was asked, where, and how it was answered. It is
// carried from the target that answered to the matcher that explains a failure
// and to the report.
package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Evidence is one answer of a target and how it came about. Its texts are clean (see
// Clean), and whoever makes one cleans them, whole, before cutting anything off.
type Evidence struct {
	// Subject is the resource as people read it: Package "nginx".
	Subject string `json:"subject,omitempty"`
	// Resource is the subject, for whoever compares: texts of two may be the same.
	Resource Resource `json:"resource,omitzero"`
	// Question is the name of the resource's method: Installed.
	Question string `json:"question,omitempty"`
	// Found is what was found, in words.
	Found string `json:"found,omitempty"`
	// Near is what stands near to what was looked for; empty where the answer
	// needs no help.
	Near string `json:"near,omitempty"`
	// Target is where it was asked.
	Target string `json:"target,omitempty"`
	// Asked is how: a command line, or the file that was read.
	Asked string `json:"asked,omitempty"`
	// Status is how the question ended ("exit 0"); empty where no process was
	// needed.
	Status string `json:"status,omitempty"`
	// Stderr is an excerpt of what was complained about.
	Stderr string `json:"stderr,omitempty"`
	// Took is how long the answer took; questions that share an exchange share
	// its time.
	Took time.Duration `json:"took,omitempty"`
	// Unknown says that it could not be told.
	Unknown bool `json:"unknown,omitempty"`
}

// A Resource is what a question is about, as its author named it.
type Resource struct {
	// Kind is "Package", Name "requests", and Via "pip" where the author said that
	// another than the target's own package manager or init system is to be asked.
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	Via  string `json:"via,omitempty"`
}

// Text is a failure as a person reads it: the title, what was found, and the
// evidence, one thing a line.
func (e Evidence) Text(title string) string { return e.text(title, "") }

// text is Text with what could not be told.
func (e Evidence) text(title, because string) string {
	var b strings.Builder
	b.WriteString(title)
	line := func(label, text string) {
		if text == "" {
			return
		}
		text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", 11))
		fmt.Fprintf(&b, "\n  %-8s %s", label, text)
	}
	line("because", because)
	line("found", e.Found)
	line("near", e.Near)
	line("target", e.Target)
	line("asked", e.how())
	if !strings.Contains(because, strings.TrimSpace(e.Stderr)) {
		line("stderr", e.Stderr)
	}
	return Clean(b.String())
}

func (e Evidence) how() string {
	if e.Asked == "" {
		return ""
	}
	end := e.Status
	if e.Took > 0 {
		if end != "" {
			end += ", "
		}
		end += Duration(e.Took)
	}
	if end == "" {
		return e.Asked
	}
	return fmt.Sprintf("%-30s %s", e.Asked, end)
}

// Count says how many there are of something, whose plural has an s: "1 spec", "2 specs".
func Count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Duration writes a time span the way people say it: whole milliseconds, or
// seconds with one decimal from ten seconds on.
func Duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

type recorderKey struct{}

// WithRecorder returns a context whose questions hand their evidence to record,
// each at the moment it is answered. record may be called from any goroutine.
func WithRecorder(ctx context.Context, record func(Evidence)) context.Context {
	return context.WithValue(ctx, recorderKey{}, record)
}

// Record hands e to the recorder of ctx, if it has one.
func Record(ctx context.Context, e Evidence) {
	if record, ok := ctx.Value(recorderKey{}).(func(Evidence)); ok {
		record(e)
	}
}

// Asks is implemented by matchers whose Match does nothing but ask its subject.
// Such a matcher may be run ahead of its time, with questions that are only
// noted, to find out what it will ask.
type Asks interface {
	// OnlyAsks does nothing.
	OnlyAsks()
}
