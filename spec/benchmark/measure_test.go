package benchmark

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

// A line of a table is a program that is run several times.
type line struct {
	name    string
	args    []string
	env     []string
	against *line // the floor it is compared with; nil for a floor
	most    int   // runs at most, where the flag says more
	server  int   // the process whose children are counted, too; 0 for none
	runs    []cost
}

// A cost is what one run of a program took.
type cost struct {
	Wall, CPU time.Duration
	RSS       int64 // the peak of the largest of its processes, in bytes
	// Faults are page faults without I/O, Processes all that were started, the
	// program itself among them; -1 where the kernel does not count them. Those of
	// the server are what its children cost.
	Faults, Processes             int64
	ServerFaults, ServerProcesses int64
}

// compare runs lines in turns and prints them.
func (s *bench) compare(out *table, title string, lines []*line) {
	s.Helper()
	for _, l := range lines {
		s.run(l) // what is read for the first time is not counted
	}
	for i := range *runs {
		for _, l := range lines {
			if l.most == 0 || i < l.most {
				l.runs = append(l.runs, s.run(l))
			}
		}
	}
	out.section(title, lines)
}

// run runs a line once. A program that fails, and so may have left something
// out, measures nothing.
func (s *bench) run(l *line) cost {
	s.Helper()
	r, w, err := os.Pipe()
	s.must(err)
	defer r.Close()
	cmd := exec.CommandContext(s.Context(), s.measure, append([]string{"-server", strconv.Itoa(l.server)}, l.args...)...)
	cmd.Env, cmd.ExtraFiles = append(slices.Clone(s.env), l.env...), []*os.File{w}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Run()
	w.Close()
	if err != nil {
		s.Fatalf("%s: %v\n%s", l.name, err, &output)
	}
	s.reap()
	var c cost
	s.must(json.NewDecoder(r).Decode(&c))
	if c.Processes >= 0 {
		c.Processes++ // the program itself
	}
	return c
}

// adopt makes this process the parent of what outlives the one that has started it, so
// that its page faults can be counted.
func (s *bench) adopt() {
	s.Helper()
	s.must(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// reap lets what was adopted and has ended go.
func (s *bench) reap() {
	s.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	s.must(err)
	for _, task := range tasks {
		children, _ := os.ReadFile(task) // a thread that is gone has none
		for _, child := range strings.Fields(string(children)) {
			pid, err := strconv.Atoi(child)
			s.must(err)
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil) // what lives is left alone
		}
	}
}

// costs runs the suite once more to learn what it asked, and that it has looked
// at everything.
func (s *bench) costs(env []string, flags ...string) string {
	s.Helper()
	r, w, err := os.Pipe()
	s.must(err)
	defer r.Close()
	cmd := exec.CommandContext(s.Context(), s.suite, flags...)
	cmd.Env = append(append(slices.Clone(s.env), env...), "HOSTSPEC_EVENTS_FD=3")
	cmd.ExtraFiles = []*os.File{w}
	s.must(cmd.Start())
	w.Close()
	passed, end := 0, wire.End{}
	for d := json.NewDecoder(r); ; {
		var e wire.Event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.Fatal(err)
		}
		if e.Result != nil && e.Result.Outcome == report.Passed {
			passed++
		}
		if e.End != nil {
			end = *e.End
		}
	}
	s.must(cmd.Wait())
	text := fmt.Sprintf("%d specs passed", passed)
	for _, c := range end.Costs {
		text += fmt.Sprintf(", %d connections, %d exchanges, %d commands", c.Connections, c.Exchanges, c.Commands)
	}
	return strings.ReplaceAll(text, " 1 connections", " 1 connection")
}

// median of durations, or of other numbers.
func median[N ~int64 | ~float64](all []N) N {
	s := slices.Sorted(slices.Values(all))
	if len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return s[len(s)/2]
}

func column[N any](runs []cost, of func(cost) N) []N {
	out := make([]N, len(runs))
	for i, r := range runs {
		out[i] = of(r)
	}
	return out
}
