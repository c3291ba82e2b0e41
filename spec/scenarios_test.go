package spec_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

func TestMain(m *testing.M) { rig.Main(m) }

// scenarios is the test binary of testdata/scenarios, built once.
var scenarios = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "scenarios")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "scenarios.test")
	out, err := exec.Command("go", "test", "-c", "-o", binary, "./testdata/scenarios").CombinedOutput()
	if err != nil {
		return "", &buildError{string(out), err}
	}
	return binary, nil
})

type buildError struct {
	output string
	err    error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.output }

// A run is a scenario that has been run.
type run struct {
	output string
	code   int
	called *wire.Called
	// refused is why nothing was run.
	refused string
	begin   *report.Begin
	end     *wire.End
	// results are the specs in the order they ended.
	results []report.Result
}

// runScenario runs a scenario as a process of its own and collects its events.
// settings are NAME=value for the environment, or flags.
func runScenario(t *testing.T, name string, settings ...string) run {
	t.Helper()
	r, events := start(t, name, true, settings)
	d := json.NewDecoder(bytes.NewReader(events))
	for {
		var e wire.Event
		if err := d.Decode(&e); err == io.EOF {
			return r
		} else if err != nil {
			t.Fatalf("events of %s: %v", name, err)
		}
		switch {
		case e.Refused != "":
			r.refused = e.Refused
		case e.Called != nil:
			r.called = e.Called
		case e.Begin != nil:
			r.begin = e.Begin
		case e.Result != nil:
			r.results = append(r.results, *e.Result)
		case e.End != nil:
			r.end = e.End
		}
	}
}

// runPlain runs a scenario as `go test` does.
func runPlain(t *testing.T, name string, settings ...string) run {
	t.Helper()
	r, _ := start(t, name, false, settings)
	return r
}

func start(t *testing.T, name string, withEvents bool, settings []string) (run, []byte) {
	t.Helper()
	binary, err := scenarios()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Dir = "testdata/scenarios"
	cmd.Env = append(os.Environ(), "SCENARIO="+name)
	for _, s := range settings {
		if strings.HasPrefix(s, "-") {
			cmd.Args = append(cmd.Args, s)
		} else {
			cmd.Env = append(cmd.Env, s)
		}
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	events := make(chan []byte, 1)
	if withEvents {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd.ExtraFiles, cmd.Env = []*os.File{w}, append(cmd.Env, "HOSTSPEC_EVENTS_FD=3")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		go func() {
			b, _ := io.ReadAll(r)
			events <- b
		}()
	} else {
		events <- nil
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	got := <-events
	_ = cmd.Wait() // the exit code tells
	return run{output: output.String(), code: cmd.ProcessState.ExitCode()}, got
}

// outcomes are the results as "text: outcome".
func (r run) outcomes() []string {
	var out []string
	for _, x := range r.results {
		out = append(out, x.Text+": "+string(x.Outcome))
	}
	return out
}

// of returns the first result whose text contains a string.
func (r run) of(t *testing.T, text string) report.Result {
	t.Helper()
	for _, x := range r.results {
		if strings.Contains(x.Text, text) {
			return x
		}
	}
	t.Fatalf("no spec %q among %q\n%s", text, r.outcomes(), r.output)
	return report.Result{}
}
