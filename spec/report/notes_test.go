package report_test

import (
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/report"
)

// TestNotes wants a note in every format, once, and with nothing that a terminal obeys.
func TestNotes(t *testing.T) {
	sum := summary([]string{web1.Target})
	sum.Notes = []report.Note{{Target: web1.Target, Text: "the host key was not verified\x1b[31m"}}
	for _, name := range []string{"documentation", "progress", "json", "junit"} {
		out := write(t, name, report.Options{}, sum, web1, result(web1, report.Passed, "answers"))
		if strings.Count(out, "the host key was not verified") != 1 || strings.Contains(out, "\x1b") {
			t.Errorf("%s: %s", name, out)
		}
	}
}
