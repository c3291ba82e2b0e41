package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/spec/report"
)

// inLoop writes a loop: a spec that was red and is green, and the stage that failed.
func inLoop(t *testing.T, format string) string {
	t.Helper()
	at := func(stage, pkg, suite string) report.Begin {
		return report.Begin{Target: "web", Package: pkg, Suite: suite, Stage: stage}
	}
	stage := func(name string, o report.Outcome, message string) report.Result {
		return report.Result{Target: "web", Text: name, Node: report.NodeStage, Stage: name, Outcome: o, Message: message, Start: start, Took: time.Second}
	}
	spec := func(name string, o report.Outcome) report.Result {
		r := result(web1, o, "Port 80 should be listening", "nginx")
		r.Target, r.Stage = "web", name
		return r
	}
	var out strings.Builder
	f := open(t, format, &out, report.Options{})
	for _, one := range []struct {
		begin  report.Begin
		result report.Result
	}{
		{at("red", web1.Package, "web server"), spec("red", report.Skipped)},
		{at("red", "", report.NodeStage), stage("red", report.Passed, "1 spec: 1 failed\nvacuous: none")},
		{at("green", web1.Package, "web server"), spec("green", report.Passed)},
		{at("idempotent", "", report.NodeStage), stage("idempotent", report.Failed, "1 difference\nfile /etc/stamp")},
		{at("promote", "", report.NodeStage), stage("promote", report.Skipped, "not promoted: idempotent failed")},
	} {
		f.Begin(one.begin)
		f.Result(one.begin, one.result)
		f.Done(one.begin)
	}
	sum := report.Summary{Targets: []string{"web"}, Start: start, Loops: []report.LoopSuite{{
		Suite: "web", Outcome: "failed", Line: "suite web: failed in 2 s at idempotent",
		Stages:   []report.LoopStage{report.NewLoopStage("idempotent", "failed", time.Second, "1 difference", []string{"file /etc/stamp"})},
		Coverage: &report.LoopCoverage{Changes: 3, Covered: 2, Lines: []string{`File("/x").Should(BeFile())`}},
	}}}
	if err := f.End(sum); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLoopInDocumentation(t *testing.T) {
	text := inLoop(t, "documentation")
	for _, want := range []string{
		"web server on web, red\n  nginx\n    - Port 80 should be listening (skipped)\n",
		"\nstage red on web\n  ✓ 1 spec: 1 failed\n      vacuous: none\n",
		"\nweb server on web, green\n  nginx\n    ✓ Port 80 should be listening\n",
		"\nstage idempotent on web\n  ✗ 1 difference (see 1)\n",
		"\nstage promote on web\n  - not promoted: idempotent failed\n",
		"  1) FAILED: [stage] idempotent\n     on web, idempotent\n\n     1 difference\n     file /etc/stamp\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// The same spec is another test case in each stage, and a stage is one, too.
func TestLoopInJUnit(t *testing.T) {
	text := inLoop(t, "junit")
	validate(t, text)
	got := map[string]string{}
	for _, s := range parseJUnit(t, text) {
		for _, c := range s.Cases {
			outcome := "passed"
			if len(c.Children) > 0 {
				outcome = c.Children[0].XMLName.Local
			}
			got[c.attr("classname")+" "+c.attr("name")] = outcome
		}
	}
	want := map[string]string{
		"web.red.example_com/fleet/spec/web nginx Port 80 should be listening":   "skipped",
		"web.green.example_com/fleet/spec/web nginx Port 80 should be listening": "passed",
		"web.red red": "passed", "web.idempotent idempotent": "failure", "web.promote promote": "skipped",
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for name, outcome := range want {
		if got[name] != outcome {
			t.Errorf("%s: got %q, want %q", name, got[name], outcome)
		}
	}
}

func TestLoopInJSON(t *testing.T) {
	var doc struct {
		Suites, Specs []struct{ Stage, Node, Outcome string }
		Summary       struct {
			Line  string
			Loops []report.LoopSuite
		}
	}
	text := inLoop(t, "json")
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Suites) != 5 || doc.Suites[2].Stage != "green" || doc.Specs[2].Stage != "green" || doc.Specs[3].Node != "stage" || doc.Specs[3].Outcome != "failed" {
		t.Errorf("got\n%s", text)
	}
	one := doc.Summary.Loops[0]
	if doc.Summary.Line != one.Line || one.Coverage.Changes != 3 || one.Coverage.Covered != 2 || len(one.Coverage.Lines) != 1 || one.Stages[0].Seconds != 1 {
		t.Errorf("got %+v", doc.Summary)
	}
	if strings.Contains(text, "null") {
		t.Errorf("lists are to be lists:\n%s", text)
	}
}
