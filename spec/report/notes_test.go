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
	says := map[string][2]string{
		"documentation": {"✓ answers\n", "✓ answers (passed at attempt 2)\n"}, "progress": {".\n", "2\n"},
		"json": {`"attempt": 1`, `"attempt": 2`}, "junit": {`name="answers"`, "answers: passed at attempt 2"},
	}
	for name, words := range says {
		for attempt := range 2 {
			r := result(web1, report.Passed, "answers")
			r.Attempt = attempt + 1
			if attempt > 0 {
				r.Earlier = []string{"connection refused"}
			}
			out := write(t, name, report.Options{}, summary([]string{web1.Target}, []report.Result{r}), web1, r)
			if !strings.Contains(out, words[attempt]) || strings.Contains(out, "connection refused") != (attempt > 0) || attempt == 0 && strings.Contains(out, "passed at attempt") {
				t.Errorf("%s, attempt %d: %s", name, attempt+1, out)
			}
		}
	}
}
