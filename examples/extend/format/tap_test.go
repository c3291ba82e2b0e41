package tap

import (
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/report"
)

// A report is a function of what it is told, and is tested as such.
func TestReport(t *testing.T) {
	f, err := report.Lookup("tap")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	w := report.NewWriter(f, &out, report.Options{})
	suite := report.Begin{Target: "ssh://web1", Package: "example.com/web", Suite: "web"}
	told := func(text string, o report.Outcome, message string) {
		w.Result(suite, report.Result{Target: suite.Target, Text: text, Outcome: o, Message: message})
	}
	w.Begin(suite)
	told("holds", report.Passed, "")
	told("is \x1b[2J#1", report.Failed, "found 2\nwanted 3")
	told("later", report.Skipped, "only on rhel")
	w.Result(suite, report.Result{Text: "not asked for", Outcome: report.Skipped, Filtered: true})
	w.Done(suite)
	sum := report.Summary{Problems: []report.Problem{{Package: "example.com/db", Text: "it crashed"}}}
	if err := w.End(sum); err != nil {
		t.Fatal(err)
	}
	want := `TAP version 14
ok 1 - holds on ssh://web1
not ok 2 - is \\x1b[2J\#1 on ssh://web1
  ---
  message: |
    found 2
    wanted 3
  ...
ok 3 - later on ssh://web1 # SKIP only on rhel
not ok 4 - example.com/db: it crashed
1..4
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
