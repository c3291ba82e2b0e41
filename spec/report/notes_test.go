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

// TestLaterAttempts wants each format to say that a spec passed at its second attempt, and
// nothing of the kind about one that passed at its first.
func TestLaterAttempts(t *testing.T) {
	says := map[string]string{"documentation": "(passed at attempt 2)", "progress": "2\n", "json": `"attempt": 2`, "junit": "answers: passed at attempt 2"}
	for name, words := range says {
		for attempt, want := range map[int]bool{1: false, 2: true} {
			r := result(web1, report.Passed, "answers")
			r.Attempt = attempt
			if attempt > 1 {
				r.Earlier = []string{"connection refused"}
			}
			out := write(t, name, report.Options{}, summary([]string{web1.Target}, []report.Result{r}), web1, r)
			if strings.Contains(out, words) != want || strings.Contains(out, "connection refused") != want {
				t.Errorf("%s, attempt %d: %s", name, attempt, out)
			}
		}
	}
}
