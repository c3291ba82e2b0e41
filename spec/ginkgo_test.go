package spec_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/report"
)

// TestGinkgosOwnDecoratorsAndFlags says for each what it means for specs of
// infrastructure: what it means in Ginkgo.
func TestGinkgosOwnDecoratorsAndFlags(t *testing.T) {
	for name, test := range map[string]struct {
		scenario string
		flags    []string
		outcome  report.Outcome
		attempt  int // which the report tells
		runs     int // of the command; 0 where none counts
		code     int
	}{
		"MustPassRepeatedly runs a command each time":        {"repeated-command", nil, report.Failed, 0, 3, 1},
		"MustPassRepeatedly asks a fact each time":           {"repeated-fact", nil, report.Failed, 0, 0, 1},
		"MustPassRepeatedly runs an author's code each time": {"repeated-author", nil, report.Failed, 0, 3, 1},
		"FlakeAttempts runs a command again":                 {"retried-command", nil, report.Passed, 2, 2, 0},
		"FlakeAttempts asks a fact again":                    {"retried-fact", nil, report.Passed, 2, 0, 0},
		"FlakeAttempts runs an author's code again":          {"retried-author", nil, report.Passed, 2, 2, 0},
		"-ginkgo.flake-attempts":                             {"second", []string{"-ginkgo.flake-attempts=2"}, report.Passed, 2, 2, 0},
		"one attempt":                                        {"second", nil, report.Failed, 0, 1, 1},
		"SpecTimeout ends a question":                        {"spec-timeout", []string{"-ginkgo.focus=takes"}, report.NotTold, 0, 0, 1},
		"NodeTimeout ends a question":                        {"node-timeout", nil, report.NotTold, 0, 0, 1},
		"Serial and Ordered":                                 {"serial", nil, report.Passed, 0, 0, 0},
		"-ginkgo.dry-run runs nothing":                       {"all-false", []string{"-ginkgo.dry-run"}, report.Skipped, 0, 0, 0},
		"-ginkgo.dry-run of a command":                       {"third", []string{"-ginkgo.dry-run"}, report.Skipped, 0, 0, 0},
		"-ginkgo.focus":                                      {"many", []string{"-ginkgo.focus=bash"}, report.Passed, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			counter := filepath.Join(t.TempDir(), "counter")
			r := runScenario(t, test.scenario, append(test.flags, "COUNTER="+counter)...)
			g.Expect(r.code).To(Equal(test.code), r.output)
			ran := slices.DeleteFunc(r.results, func(x report.Result) bool {
				return x.Outcome == report.Skipped && x.Message != report.WouldRun
			})
			g.Expect(ran).NotTo(BeEmpty())
			for _, x := range ran {
				g.Expect(x.Outcome).To(Equal(test.outcome), "%s: %s", x.Text, x.Message)
				g.Expect(x.Attempt).To(Equal(test.attempt))
				g.Expect(x.Earlier).To(HaveLen(max(0, test.attempt-1)))
			}
			if test.runs > 0 {
				text, err := os.ReadFile(counter)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(strings.Count(string(text), "run")).To(Equal(test.runs))
			}
		})
	}
}

func TestGinkgosSeedOrdersOneLiners(t *testing.T) {
	g := NewWithT(t)
	order := func(seed string) []string {
		return runScenario(t, "many", "-ginkgo.randomize-all", "-ginkgo.seed="+seed).outcomes()
	}
	first := order("1")
	g.Expect(order("1")).To(Equal(first))
	g.Expect(order("2")).To(ConsistOf(first))
	g.Expect(order("2")).NotTo(Equal(first))
}

// ginkgo runs the command of that name on the scenarios' test binary.
func ginkgo(t *testing.T, scenario string, args ...string) run {
	t.Helper()
	specs, err := scenarios()
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(t.TempDir(), "ginkgo")
	if out, err := exec.Command("go", "build", "-o", command, "github.com/onsi/ginkgo/v2/ginkgo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, append(args, specs)...)
	cmd.Env = append(os.Environ(), "SCENARIO="+scenario)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return run{output: string(out), code: cmd.ProcessState.ExitCode()}
}

func TestGinkgosOwnCommand_Repeats(t *testing.T) {
	rig.NotQuick(t)
	g := NewWithT(t)
	counter := filepath.Join(t.TempDir(), "counter")
	t.Setenv("COUNTER", counter)
	r := ginkgo(t, "third", "run", "--repeat=4")
	g.Expect(r.code).To(Equal(1), r.output)
	text, err := os.ReadFile(counter)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(text), "run")).To(Equal(3), "--repeat ends with the run that fails")
	g.Expect(os.Remove(counter)).To(Succeed())
	r = ginkgo(t, "third", "run", "--until-it-fails")
	g.Expect(r.code).To(Equal(1), r.output)
	g.Expect(r.output).To(ContainSubstring("runs against local://"))
	text, err = os.ReadFile(counter)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(text), "run")).To(Equal(3))
}

func TestGinkgosOwnCommand_InParallel(t *testing.T) {
	rig.NotQuick(t)
	g := NewWithT(t)
	r := ginkgo(t, "fails", "run", "--procs=2")
	g.Expect(r.code).To(Equal(1), r.output)
	g.Expect(r.output).To(ContainSubstring("Ran 4 of 4 Specs"))
	g.Expect(r.output).NotTo(ContainSubstring("console.go"))
	for _, text := range []string{`Package("no-such-package").Should(BeInstalled())`, `Package("bash").ShouldNot(BeInstalled())`} {
		source, err := os.ReadFile("testdata/scenarios/scenarios_test.go")
		g.Expect(err).NotTo(HaveOccurred())
		before, _, _ := strings.Cut(string(source), `scenario("fails"`)
		_, after, _ := strings.Cut(string(source), before)
		upTo, _, _ := strings.Cut(after, text)
		g.Expect(r.output).To(ContainSubstring(fmt.Sprintf("scenarios_test.go:%d", strings.Count(before+upTo, "\n")+1)))
	}
	g.Expect(ginkgo(t, "passes", "run", "--procs=2").code).To(Equal(0))
}
