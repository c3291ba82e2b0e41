package report_test

import (
	"slices"
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
			if !strings.Contains(out, words[attempt]) || strings.Contains(out, "connection refused") != (attempt > 0) || attempt == 0 && (strings.Contains(out, "passed at attempt") || strings.Contains(out, "later attempt")) {
				t.Errorf("%s, attempt %d: %s", name, attempt+1, out)
			}
		}
	}
}

// A spec that fails at its last attempt is a failure, and no number in place of one.
func TestProgressOfFailedAttempts(t *testing.T) {
	r := failed(web1)
	r.Attempt = 3
	if got := write(t, "progress", report.Options{}, summary(nil, []report.Result{r}), web1, r); !strings.HasPrefix(got, "F\n") {
		t.Errorf("got:\n%s", got)
	}
	if got := write(t, "progress", report.Options{}, report.Summary{}, web1); got != "\n" {
		t.Errorf("of a run without specs: %q", got)
	}
}

// A note stands with the suites of its target, or with the first where it has none.
func TestNotesInJUnit(t *testing.T) {
	var out strings.Builder
	f := open(t, "junit", &out, report.Options{})
	sum := summary([]string{web1.Target, web2.Target})
	for _, b := range []report.Begin{web1, web2} {
		f.Begin(b)
		f.Result(b, result(b, report.Passed, "answers"))
		f.Done(b)
		sum.Notes = append(sum.Notes, report.Note{Target: b.Target, Text: "seen"})
	}
	sum.Notes = append(sum.Notes, report.Note{Target: "ssh://web3", Text: "seen"})
	if err := f.End(sum); err != nil {
		t.Fatal(err)
	}
	validate(t, out.String())
	var got []string
	for _, s := range parseJUnit(t, out.String()) {
		for _, c := range s.Children {
			if c.XMLName.Local == "system-out" {
				got = append(got, c.Text)
			}
		}
	}
	if want := []string{"Note: ssh://deploy@web1: seen\nNote: ssh://web3: seen\n", "Note: ssh://deploy@web2: seen\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
