package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hostspec/hostspec/backends"
)

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// startScript starts a shell script.
func startScript(t *testing.T, ctx context.Context, cmd backends.Command, script string) *process {
	t.Helper()
	b := New()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	cmd.Args = []string{"sh", "-c", script}
	p, err := b.Start(ctx, cmd)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*process)
}

// outputOf runs a shell script and returns its stdout.
func outputOf(t *testing.T, cmd backends.Command, script string) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	if status, err := startScript(t, t.Context(), cmd, script).Wait(); err != nil || !status.Success() {
		t.Fatalf("%s: %v, %v", script, status, err)
	}
	return out.String()
}

// What is missing of sbin is appended to PATH, and programs are found there.
func TestPath(t *testing.T) {
	for own, want := range map[string]string{
		"/usr/bin:/bin":                        "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
		"/sbin:/bin":                           "/sbin:/bin:/usr/local/sbin:/usr/sbin",
		"/usr/local/sbin:/sbin:/usr/sbin:/bin": "/usr/local/sbin:/sbin:/usr/sbin:/bin",
	} {
		t.Setenv("PATH", own)
		if found := outputOf(t, backends.Command{}, `echo "$PATH"`); found != want+"\n" {
			t.Errorf("PATH %s: expected %s, found %s", own, want, found)
		}
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	b := New()
	defer b.Close()
	p, err := b.Start(t.Context(), backends.Command{Args: []string{"ldconfig", "--version"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || !status.Success() {
		t.Errorf("expected ldconfig to be found, found %v, %v", status, err)
	}
	// A PATH of the command's own is left alone.
	given := backends.Command{Env: []string{"PATH=/bin"}}
	if found := outputOf(t, given, `echo "$PATH"`); found != "/bin\n" {
		t.Errorf("expected the command's own PATH, found %s", found)
	}
}

// PATH means the same wherever the checks are run.
func TestPathIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("here", []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", ":.:/bin")
	b := New()
	defer b.Close()
	p, err := b.Start(t.Context(), backends.Command{Args: []string{"here"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || status.Code != 127 {
		t.Errorf("expected exit 127, found %v, %v", status, err)
	}
}

// What cannot be executed ends as it does in a shell, and says why.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"plain":         {"#!/bin/sh\n", 0o644},
		"binary":        {"\x00\x01\x02", 0o755},
		"uninterpreted": {"#!/no/such/shell\n", 0o755},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	b := New()
	defer b.Close()
	for _, c := range []struct {
		name string
		code int
		says string
	}{
		{"no-such-program", 127, "no-such-program: not found"},
		{"/no/such/program", 127, "/no/such/program: not found"},
		{"/dev/null/program", 127, "not found"},
		{"plain", 126, "plain: permission denied"},
		{dir + "/plain", 126, "permission denied"},
		{dir, 126, "is a directory"},
		{dir + "/binary", 126, "binary: exec format error"},
		{dir + "/uninterpreted", 127, "uninterpreted: the program that its first line names is not found"},
	} {
		t.Setenv("PATH", dir+":/bin")
		var stderr bytes.Buffer
		p, err := b.Start(t.Context(), backends.Command{Args: []string{c.name}, Stderr: &stderr})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		status, err := p.Wait()
		if err != nil || status.Code != c.code || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: expected exit %d and %q, found %v, %v, %q", c.name, c.code, c.says, status, err, stderr.String())
		}
	}
}

// A word that is too long is an error of Start, not an exit code.
func TestTooLong(t *testing.T) {
	b := New()
	defer b.Close()
	_, err := b.Start(t.Context(), backends.Command{Args: []string{"true", strings.Repeat("x", 1<<20)}})
	if !errors.Is(err, syscall.E2BIG) {
		t.Errorf("expected E2BIG, found %v", err)
	}
}

func TestBadVariable(t *testing.T) {
	b := New()
	defer b.Close()
	for _, pair := range []string{"", "A", "=b"} {
		_, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}, Env: []string{pair}})
		if err == nil || !strings.Contains(err.Error(), "want NAME=value") {
			t.Errorf("variable %q: expected an error, found %v", pair, err)
		}
	}
}

// As over SSH there is no terminal: nothing can ask a person, or stop because it
// is in the background of one.
func TestNoTerminal(t *testing.T) {
	// proc_pid_stat(5): 1 is the pid, 5 the group, 6 the session, 7 the terminal.
	found := strings.Fields(outputOf(t, backends.Command{}, `read -r line </proc/$$/stat; set -- $line; echo "$1 $5 $6 $7"`))
	if len(found) != 4 || found[1] != found[0] || found[2] != found[0] || found[3] != "0" {
		t.Errorf("expected a session and a group of its own and no terminal, found pid, group, session, terminal %q", found)
	}
}

// Real-time signals have no names.
func TestRealTimeSignal(t *testing.T) {
	status, err := startScript(t, t.Context(), backends.Command{}, `kill -40 $$`).Wait()
	if want := (backends.Status{Code: 168, Signal: "40"}); err != nil || status != want {
		t.Errorf("expected %+v, found %+v, %v", want, status, err)
	}
}

// What the process itself printed arrives in full, although the reader is slow
// and a grandchild holds the pipe.
func TestSlowReaderAndGrandchild(t *testing.T) {
	var out strings.Builder
	slow := writerFunc(func(p []byte) (int, error) {
		// A reader that takes longer than Drain, that is all: nothing to wait for.
		time.Sleep(2 * backends.Drain)
		return out.Write(p)
	})
	var pid bytes.Buffer
	p := startScript(t, t.Context(), backends.Command{Stdout: slow, Stderr: &pid}, `seq 1 10000; sleep 300 & echo $! >&2`)
	status, err := p.Wait()
	killGrandchild(t, pid.String())
	if err != nil || !status.Success() || !strings.HasSuffix(out.String(), "\n9999\n10000\n") {
		t.Errorf("expected all numbers, found %d bytes, %v, %v", out.Len(), status, err)
	}
}

func killGrandchild(t *testing.T, text string) {
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || pid <= 1 {
		t.Fatalf("no pid: %q", text)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

// A grandchild that prints without end is not listened to without end.
func TestEndlessGrandchild(t *testing.T) {
	var printed int
	out := writerFunc(func(p []byte) (int, error) { printed += len(p); return len(p), nil })
	p := startScript(t, t.Context(), backends.Command{Stdout: out}, `yes & exit 3`)
	status, err := p.Wait()
	if err != nil || status.Code != 3 {
		t.Errorf("expected exit 3, found %v, %v", status, err)
	}
}

// A writer that fails is an error beside the status, and the process does not
// feel it.
func TestWriterFails(t *testing.T) {
	full := errors.New("disk full")
	out := writerFunc(func(p []byte) (int, error) { return 0, full })
	status, err := startScript(t, t.Context(), backends.Command{Stdout: out}, `seq 1 100000 || exit 4; exit 3`).Wait()
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "writing its stdout") || status.Code != 3 {
		t.Errorf("expected exit 3 and %q, found %v, %v", full, status, err)
	}
}

// A grandchild that holds stdin without reading it keeps nothing of ours.
func TestGrandchildHoldsStdin(t *testing.T) {
	before := goleak.IgnoreCurrent()
	var pid bytes.Buffer
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	p := startScript(t, t.Context(), backends.Command{Stdin: endless, Stdout: &pid}, `exec 3<&0; sleep 300 <&3 & echo $!`)
	status, err := p.Wait()
	if err != nil || !status.Success() {
		t.Errorf("expected exit 0, found %v, %v", status, err)
	}
	goleak.VerifyNone(t, before)
	killGrandchild(t, pid.String())
}

// That the working directory is wrong is said, and not taken for the program's
// fault.
func TestWrongDirectory(t *testing.T) {
	b := New()
	defer b.Close()
	for dir, why := range map[string]error{"/no/such/folder": fs.ErrNotExist, "/etc/passwd": syscall.ENOTDIR} {
		_, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}, Dir: dir})
		if !errors.Is(err, why) || !strings.Contains(err.Error(), "working directory: ") {
			t.Errorf("%s: expected %q of the working directory, found %v", dir, why, err)
		}
	}
}

// A deadline is one even when the writer does not return.
func TestWriterBlocks(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	out := writerFunc(func(p []byte) (int, error) { close(begun); <-release; return len(p), nil })
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	p := startScript(t, ctx, backends.Command{Stdout: out}, `echo; exec sleep 300`)
	<-begun
	cancel(stop)
	if _, err := p.Wait(); !errors.Is(err, stop) {
		t.Errorf("expected %q, found %v", stop, err)
	}
	close(release)
}

// The end of the context kills also where nobody waits.
func TestKilledWithoutWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := startScript(t, ctx, backends.Command{}, `exec sleep 300`)
	cancel()
	<-p.over.Done()
	if p.status.Signal != "KILL" {
		t.Errorf("expected it to be killed, found %v", p.status)
	}
}

// Close returns when what ran is gone.
func TestCloseWaits(t *testing.T) {
	b := New()
	var pids []int
	for range 5 {
		p, err := b.Start(t.Context(), backends.Command{Args: []string{"sleep", "300"}})
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, p.(*process).pid)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("expected process %d to be gone, found %v", pid, err)
		}
	}
	// That they are forgotten follows their end, in its own time.
	left := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.running)
	}
	for end := time.Now().Add(10 * time.Second); left() > 0; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("expected nothing to be remembered, found %d processes", left())
		}
	}
}

// Nobody is signalled by a number that means more than one process. No kill is
// tried here: with the guard broken it would end this machine.
func TestKillGuard(t *testing.T) {
	for pid, want := range map[int]bool{-1: false, 0: false, 1: false, 2: true} {
		if hasGroup(pid) != want {
			t.Errorf("pid %d: expected %v", pid, want)
		}
	}
}
