package backendtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/local"
)

// A fault is a backend that does one thing wrong, and what finds it.
type fault struct {
	name  string
	check string
	make  maker
}

// hangs says that a fault is only found by the time it takes.
const hangs = "takes its time: "

func outputFaults() []fault {
	return []fault{
		{"cuts at NUL", "binary output is exact", printing(func(p []byte) []byte { b, _, _ := bytes.Cut(p, []byte{0}); return b })},
		{"makes UTF-8", "binary output is exact", printing(func(p []byte) []byte { return bytes.ToValidUTF8(p, []byte("?")) })},
		{"makes CR LF", "binary output is exact", printing(func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")) })},
		{"trims the output", "binary output is exact", printing(bytes.TrimSpace)},
		{"merges the streams", "stderr is apart from stdout", changing(func(cmd *backends.Command) {
			both := &gate{to: cmd.Stdout}
			cmd.Stdout, cmd.Stderr = both, both
		})},
		{hangs + "lets unwanted output stand in the pipe", "output nobody wants", changing(func(cmd *backends.Command) {
			if cmd.Stdout == nil {
				_, cmd.Stdout = io.Pipe()
			}
		})},
		{"loses a piece of stderr", "both streams at once", changing(func(cmd *backends.Command) {
			err, pieces := cmd.Stderr, 0
			cmd.Stderr = writerFunc(func(p []byte) (int, error) {
				if pieces++; pieces == 7 {
					return len(p), nil
				}
				return err.Write(p)
			})
		})},
		{"takes the end of the process for the end of its output", "a slow reader gets everything",
			func() backends.Backend { return &execBackend{hasty: true} }},
		{"keeps all output in memory", "50 MB of output without 50 MB of memory", starting(buffered)},
		{"truncates output", "50 MB of output without 50 MB of memory", starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
			left, out := 40<<20, cmd.Stdout
			cmd.Stdout = writerFunc(func(p []byte) (int, error) {
				k := min(left, len(p))
				left -= k
				_, err := out.Write(p[:k])
				return len(p), err
			})
			return b.Start(ctx, cmd)
		})},
	}
}

func inputFaults() []fault {
	return []fault{
		{hangs + "gives a stdin that never ends", "no stdin is an empty one", changing(func(cmd *backends.Command) {
			if cmd.Stdin == nil {
				cmd.Stdin, _ = io.Pipe()
			}
		})},
		{"ends stdin at ^D, as a terminal does", "stdin is exact", changing(func(cmd *backends.Command) {
			if cmd.Stdin != nil {
				all, _ := io.ReadAll(cmd.Stdin)
				before, _, _ := strings.Cut(string(all), "\x04")
				cmd.Stdin = strings.NewReader(before)
			}
		})},
		{"truncates stdin", "8 MB of stdin come back", changing(func(cmd *backends.Command) {
			if cmd.Stdin != nil {
				cmd.Stdin = io.LimitReader(cmd.Stdin, 8<<20-1)
			}
		})},
		{hangs + "reads all of stdin first", "stdin is passed on as it comes", starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
			if cmd.Stdin != nil {
				all, _ := io.ReadAll(cmd.Stdin)
				cmd.Stdin = bytes.NewReader(all)
			}
			return b.Start(ctx, cmd)
		})},
		{hangs + "holds output back", "stdin is passed on as it comes", starting(buffered)},
		{hangs + "waits for stdin", "a process that does not read its stdin", func() backends.Backend { return &execBackend{} }},
		{"makes an error of a stdin that was not read", "a process that does not read a large stdin", starting(readToItsEnd)},
	}
}

func wordFaults() []fault {
	return []fault{
		{"joins words with spaces", "words arrive byte for byte", throughShell(func(cmd backends.Command) string { return strings.Join(cmd.Args, " ") })},
		{"quotes as Go does", "words arrive byte for byte", throughShell(func(cmd backends.Command) string {
			var quoted []string
			for _, w := range cmd.Args {
				quoted = append(quoted, strconv.Quote(w))
			}
			return strings.Join(quoted, " ")
		})},
		{"trims words", "words arrive byte for byte", changing(func(cmd *backends.Command) {
			for i, w := range cmd.Args {
				cmd.Args[i] = strings.TrimSuffix(w, "\n")
			}
		})},
		{"drops empty words", "words arrive byte for byte", changing(func(cmd *backends.Command) {
			cmd.Args = slices.DeleteFunc(cmd.Args, func(w string) bool { return w == "" })
		})},
		{"cuts long words", "many and long words", changing(func(cmd *backends.Command) {
			for i, w := range cmd.Args {
				cmd.Args[i] = w[:min(len(w), 4096)]
			}
		})},
		{"does not quote the program", "program with a hostile name", throughShell(func(cmd backends.Command) string {
			return cmd.Args[0] + " " + backends.Quote(cmd.Args[1:]...)
		})},
	}
}

func placeFaults() []fault {
	return []fault{
		{"forgets the environment", "environment", changing(func(cmd *backends.Command) { cmd.Env = nil })},
		{"trims variables", "environment", changing(func(cmd *backends.Command) {
			for i, w := range cmd.Env {
				cmd.Env[i] = strings.TrimSuffix(w, "\n")
			}
		})},
		{"replaces the environment", "environment", changing(func(cmd *backends.Command) {
			if len(cmd.Env) > 0 {
				cmd.Args = slices.Concat([]string{"env", "-i"}, cmd.Env, cmd.Args)
			}
		})},
		{"forgets the directory", "directory", changing(func(cmd *backends.Command) { cmd.Dir = "" })},
		{"does not quote the directory", "directory", throughShell(func(cmd backends.Command) string {
			return "cd " + cmd.Dir + "; " + backends.Quote(cmd.Args...)
		})},
		{"runs elsewhere", "directory that does not exist", throughShell(func(cmd backends.Command) string {
			return "cd " + backends.Quote(cmd.Dir) + "; " + backends.Quote(cmd.Args...)
		})},
		{"removes NULs", "NUL in a word is an error", changing(func(cmd *backends.Command) {
			for i, w := range cmd.Args {
				cmd.Args[i] = strings.ReplaceAll(w, "\x00", "")
			}
		})},
		{"starts a shell where no program is named", "no program is an error", changing(func(cmd *backends.Command) {
			if len(cmd.Args) == 0 {
				cmd.Args = []string{"sh"}
			}
		})},
	}
}

func exitFaults() []fault {
	return []fault{
		{"swallows the exit code", "exit codes", waiting(func(_ context.Context, p backends.Process) (backends.Status, error) {
			_, err := p.Wait()
			return backends.Status{}, err
		})},
		{"takes codes above 128 for signals", "exit codes", waiting(func(_ context.Context, p backends.Process) (backends.Status, error) {
			status, err := p.Wait()
			if status.Code > 128 {
				status.Signal = "TERM"
			}
			return status, err
		})},
		{"makes an error of an exit code", "exit codes", waiting(func(_ context.Context, p backends.Process) (backends.Status, error) {
			status, err := p.Wait()
			if err == nil && !status.Success() {
				err = errors.New(status.String())
			}
			return status, err
		})},
		{"does not tell signals", "death by a signal", waiting(func(_ context.Context, p backends.Process) (backends.Status, error) {
			status, err := p.Wait()
			status.Signal = ""
			return status, err
		})},
		{"exits 1 for what does not exist", "program that does not exist", recoding(127)},
		{"exits 1 for what is forbidden", "program that may not be executed", recoding(126)},
		{"runs a shell's own words", "a shell's own words are not programs", throughShell(func(cmd backends.Command) string {
			return strings.Join(append([]string{cmd.Args[0]}, cmd.Args[1:]...), " ")
		})},
	}
}

// recoding makes a backend that says exit 1 instead of a code.
func recoding(code int) maker {
	return waiting(func(_ context.Context, p backends.Process) (backends.Status, error) {
		status, err := p.Wait()
		if status.Code == code {
			status.Code = 1
		}
		return status, err
	})
}

func lifeFaults() []fault {
	return []fault{
		{"ignores the context", "a context that has ended starts nothing", withContext(context.WithoutCancel)},
		{"returns its own error", "a context that has ended starts nothing", starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return b.Start(ctx, cmd)
		})},
		{hangs + "leaves an orphan", "a cancelled context leaves no orphan", starting(abandon)},
		{hangs + "kills the process alone", "a cancelled context leaves no orphan", func() backends.Backend { return &execBackend{} }},
		{"does not tell the cause", "a cancelled context leaves no orphan", waiting(func(ctx context.Context, p backends.Process) (backends.Status, error) {
			status, err := p.Wait()
			if ctx.Err() != nil {
				return status, nil
			}
			return status, err
		})},
		{hangs + "leaves an orphan at a deadline", "a deadline leaves no orphan", starting(abandon)},
		{hangs + "asks politely", "signals that are ignored do not save a process", func() backends.Backend { return &execBackend{cancel: politely} }},
		{hangs + "waits for the grandchild", "a grandchild that holds the pipe", func() backends.Backend { return &execBackend{} }},
		{"prints after Wait", "nothing is written after Wait", func() backends.Backend { return &execBackend{hasty: true, late: true} }},
		{"refuses more than ten", "50 commands at once", newLimited(true, false)},
		{hangs + "loses its places", "50 commands cancelled at once", newLimited(false, true)},
		{hangs + "closes without killing", "close kills what still runs", func() backends.Backend {
			return &faulty{Backend: local.New(), close: func(backends.Backend) error { return nil }}
		}},
		{"starts after Close", "use after Close", func() backends.Backend {
			return &faulty{Backend: local.New(), close: func(backends.Backend) error { return nil }}
		}},
		{"fails the second Close", "use after Close", func() backends.Backend {
			closed := false
			return &faulty{Backend: local.New(), close: func(b backends.Backend) error {
				if closed {
					return net.ErrClosed
				}
				closed = true
				return b.Close()
			}}
		}},
		{"does not say that it lost its target", "a target that dies under a command", newMortal(false)},
	}
}

func runFaults() []fault {
	return []fault{
		{"says that all went well", "run: output and how it ended", running(func(ctx context.Context, b *local.Backend, cmd backends.Command) (backends.Status, error) {
			_, err := b.Run(ctx, cmd)
			return backends.Status{}, err
		})},
		{"ends what was left on purpose", "run: what stays in the background is left alone", running(func(ctx context.Context, b *local.Backend, cmd backends.Command) (backends.Status, error) {
			status, err := b.Run(ctx, cmd)
			_ = exec.Command("pkill", "-f", "^sleep "+cmd.Args[len(cmd.Args)-1]+"$").Run()
			return status, err
		})},
		{hangs + "kills the process group alone", "run: a deadline kills all that was started", running(func(ctx context.Context, b *local.Backend, cmd backends.Command) (backends.Status, error) {
			p, err := b.Start(ctx, cmd)
			if err != nil {
				return backends.Status{}, err
			}
			return p.Wait()
		})},
	}
}

func faults() []fault {
	return slices.Concat(outputFaults(), inputFaults(), wordFaults(), placeFaults(), exitFaults(),
		lifeFaults(), runFaults(), statFaults(), readFaults(), dialFaults())
}

func options() backendtest.Options {
	return backendtest.Options{
		Signals: true,
		Listen:  new(net.ListenConfig).Listen,
		Kill:    killMortal,
	}
}

func opening(m maker) backendtest.Opener {
	return func(context.Context) (backends.Backend, error) { return m(), nil }
}

func checkNamed(t *testing.T, name string) backendtest.Check {
	t.Helper()
	for _, check := range backendtest.Checks() {
		if check.Name == name {
			return check
		}
	}
	t.Fatalf("there is no check %q", name)
	panic("not reached")
}

// Each fault is found by the check that is there for it, and the error names the
// check. Those that take their time take it together.
func TestFaultsAreFound(t *testing.T) {
	var slow, quick []fault
	for _, f := range faults() {
		if strings.HasPrefix(f.name, hangs) {
			slow = append(slow, f)
		} else {
			quick = append(quick, f)
		}
	}
	opts := options()
	opts.Timeout = 10 * time.Second
	later := make([]chan error, len(slow))
	var running sync.WaitGroup
	// Also where go test -run takes a few of them alone.
	t.Cleanup(running.Wait)
	for i, f := range slow {
		later[i] = make(chan error, 1)
		check := checkNamed(t, f.check)
		running.Go(func() { later[i] <- check.Run(t.Context(), opening(f.make), opts) })
	}
	for _, f := range quick {
		t.Run(f.check+"/"+f.name, func(t *testing.T) {
			f.found(t, checkNamed(t, f.check).Run(t.Context(), opening(f.make), options()))
		})
	}
	for i, f := range slow {
		t.Run(f.check+"/"+f.name, func(t *testing.T) { f.found(t, <-later[i]) })
	}
}

func (f fault) found(t *testing.T, err error) {
	t.Helper()
	failed, ok := errors.AsType[*backendtest.FailedError](err)
	if !ok {
		t.Fatalf("expected a failure, found %v", err)
	}
	if failed.Check != f.check || !strings.Contains(err.Error(), strconv.Quote(f.check)) {
		t.Errorf("expected the check %q to be named, found %q in %q", f.check, failed.Check, err)
	}
	t.Logf("%.300v", err)
}

// No check is there that nothing can fail.
func TestEveryCheckCanFail(t *testing.T) {
	var found []string
	for _, f := range faults() {
		found = append(found, f.check)
	}
	for _, check := range backendtest.Checks() {
		if !slices.Contains(found, check.Name) {
			t.Errorf("no fault is found by the check %q", check.Name)
		}
	}
}

// What Test returns names each failed check, and lists those that say nothing.
func TestTest(t *testing.T) {
	na, err := backendtest.Test(t.Context(), opening(recoding(127)), backendtest.Options{Signals: true, TempDir: t.TempDir()})
	if err == nil {
		t.Fatal("expected an error, found none")
	}
	for _, name := range []string{"exit codes", "program that does not exist", "a shell's own words are not programs"} {
		if !strings.Contains(err.Error(), strconv.Quote(name)) {
			t.Errorf("expected %q to fail, found %v", name, err)
		}
	}
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 3 {
		t.Errorf("expected 3 checks to fail, found %d: %v", n, err)
	}
	for _, name := range []string{"files: stat", "dialling from the target", "a target that dies under a command"} {
		if !slices.ContainsFunc(na, func(e *backendtest.NotApplicableError) bool { return e.Check == name && e.Reason != "" }) {
			t.Errorf("expected %q not to be applicable, found %v", name, na)
		}
	}
}

// A target that can die and says so passes.
func TestMortal(t *testing.T) {
	check := checkNamed(t, "a target that dies under a command")
	if err := check.Run(t.Context(), opening(newMortal(true)), options()); err != nil {
		t.Error(err)
	}
}

// Where a target cannot be opened each check says why.
func TestCannotOpen(t *testing.T) {
	no := errors.New("no route to host")
	err := backendtest.Checks()[0].Run(t.Context(), func(context.Context) (backends.Backend, error) { return nil, no }, options())
	if !errors.Is(err, no) {
		t.Errorf("expected %q, found %v", no, err)
	}
}
