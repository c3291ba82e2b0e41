package report_test

import (
	"fmt"
	"io"
	"os"

	"github.com/hostspec/hostspec/spec/report"
)

// A document is a function of the whole run. Registered in an init function, it can be
// named after -f.
func ExampleRegister() {
	report.Register(report.Format{Name: "brief", Document: func(w io.Writer, run *report.Run) error {
		for _, c := range run.Cases {
			fmt.Fprintf(w, "%-7s %s %s\n", c.Outcome, c.Name(), c.Place())
		}
		_, err := fmt.Fprintln(w, run.Line())
		return err
	}})

	brief, _ := report.Lookup("brief")
	w := report.NewWriter(brief, os.Stdout, report.Options{})
	suite := report.Begin{Target: "ssh://web1", Package: "example.com/web", Suite: "web"}
	w.Begin(suite)
	w.Result(suite, report.Result{Target: "ssh://web1", Text: "Port 80 should be listening", Outcome: report.Passed})
	w.Done(suite)
	_ = w.End(report.Summary{Counts: map[report.Outcome]int{report.Passed: 1}})
	// Output:
	// passed  Port 80 should be listening on ssh://web1
	// 1 spec: 1 passed, 0 failed, 0 could not tell, 0 skipped
}
