// Testsum runs "go test -json" with its own arguments, prints what a reader wants
// of it, and closes with one line:
//
//	tests: 312 passed, 0 failed, 2 skipped
//
// No skip is silent: the lines above tell why each test was skipped. With CI=true
// in the environment a skip is a failure unless its key is in .ci/skips.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listed, err := readSkips(".ci/skips")
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	s := newSummary(os.Stdout)
	err = s.goTest(ctx, "", os.Args[1:]...)
	// A test process that was killed or timed out leaves its machines behind.
	sweep(ctx)
	if !s.close(err, listed, os.Getenv("CI") == "true") {
		os.Exit(1)
	}
}

func sweep(ctx context.Context) {
	if _, err := exec.LookPath("docker"); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := rig.Sweep(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "testsum: cannot look for machines that were left behind:", err)
	}
}

// readSkips reads the keys of the skips that CI allows.
func readSkips(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, reason, _ := strings.Cut(line, ":")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: %q has no reason; write key: reason", name, line)
		}
		listed[key] = true
	}
	return listed, nil
}

// An event is a line of go test -json, as "go doc test2json" describes it.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

// A summary is what is known so far about a run.
type summary struct {
	w                       io.Writer
	passed, failed, skipped int
	// failedIn counts the failed tests of each package.
	failedIn map[string]int
	// output holds what each test of a package printed and may still be wanted,
	// in the order in which the tests began. What the package itself printed has
	// no test's name.
	output map[string][]*printed
	// why has the texts of the skips, by key; that of a bare Skip is "".
	why map[string][]string
}

type printed struct {
	test string
	text strings.Builder
}

func newSummary(w io.Writer) *summary {
	return &summary{w: w, failedIn: map[string]int{}, output: map[string][]*printed{}, why: map[string][]string{}}
}

// goTest runs the tests in a folder, "" being this one.
func (s *summary) goTest(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Stderr = dir, s.w
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if err != nil {
			return cmd.Wait()
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(s.w, line)
		return
	}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(s.w, e.Output)
	case e.Action == "output":
		s.of(e).text.WriteString(e.Output)
	case e.Test == "":
		s.packageEnd(e)
	case e.Action == "pass":
		s.passed++
		s.forget(e)
	case e.Action == "fail":
		s.failed++
		s.failedIn[e.Package]++
	case e.Action == "skip":
		s.skipped++
		key, text := reason(s.of(e).text.String())
		s.why[key] = append(s.why[key], fmt.Sprintf("%s: %s", e.Test, text))
		s.forget(e)
	}
}

func (s *summary) of(e event) *printed {
	all := s.output[e.Package]
	if i := slices.IndexFunc(all, func(p *printed) bool { return p.test == e.Test }); i >= 0 {
		return all[i]
	}
	p := &printed{test: e.Test}
	s.output[e.Package] = append(all, p)
	return p
}

func (s *summary) forget(e event) {
	s.output[e.Package] = slices.DeleteFunc(s.output[e.Package], func(p *printed) bool { return p.test == e.Test })
}

// packageEnd prints one line for a package that passed, and all that is left to
// tell about one that failed: its failed and unfinished tests and its own words.
func (s *summary) packageEnd(e event) {
	switch e.Action {
	case "pass":
		for line := range strings.Lines(s.of(event{Package: e.Package}).text.String()) {
			if strings.HasPrefix(line, "ok ") {
				fmt.Fprint(s.w, line)
			}
		}
	case "fail":
		if s.failedIn[e.Package] == 0 {
			s.failed++ // it did not build, or it died outside of any test
		}
		own := s.of(event{Package: e.Package})
		for _, p := range s.output[e.Package] {
			if p != own {
				fmt.Fprint(s.w, p.text.String())
			}
		}
		fmt.Fprint(s.w, own.text.String())
	case "skip": // no test files
	default:
		return
	}
	delete(s.output, e.Package)
}

var skipText = regexp.MustCompile(`(?s)\[skip:([^\]]+)\] (.*?)\s*(?:--- SKIP|$)`)

// reason finds what rig.Skip left in a test's output.
func reason(output string) (key, text string) {
	if m := skipText.FindStringSubmatch(output); m != nil {
		return m[1], m[2]
	}
	return "", strings.TrimSpace(output)
}

// close prints the closing lines and tells whether all is well.
func (s *summary) close(err error, listed map[string]bool, ci bool) bool {
	if err != nil && s.failed == 0 {
		fmt.Fprintln(s.w, "testsum: go test failed outside of any test:", err)
		s.failed++
	}
	good := s.failed == 0
	for _, key := range slices.Sorted(maps.Keys(s.why)) {
		texts := s.why[key]
		note := ""
		if ci && !listed[key] {
			good = false
			note = ", NOT LISTED in .ci/skips"
		}
		fmt.Fprintf(s.w, "skipped %d: %s%s\n", len(texts), cmp.Or(key, "without rig.Skip"), note)
		for _, text := range texts {
			fmt.Fprintf(s.w, "    %s\n", strings.ReplaceAll(text, "\n", "\n    "))
		}
	}
	if s.passed == 0 {
		good = false
		fmt.Fprintln(s.w, "testsum: nothing passed")
	}
	fmt.Fprintf(s.w, "tests: %d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return good
}
