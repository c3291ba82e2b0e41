package cli_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A slowRun is a run of testdata/slow that has come to the spec that waits.
type slowRun struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	junit          string
	// documents are the reports in the other formats.
	documents map[string]string
	// specs is the process of the test binary.
	specs int
}

func startSlow(t *testing.T, env ...string) *slowRun {
	t.Helper()
	folder := t.TempDir()
	s := &slowRun{t: t, junit: filepath.Join(folder, "junit.xml"), documents: map[string]string{
		"json": filepath.Join(folder, "report.json"), "progress": filepath.Join(folder, "progress.txt"),
	}}
	started := filepath.Join(folder, "started")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	t.Cleanup(cancel)
	s.cmd = hostspec(t, "run", "-f", "documentation", "-f", "junit:"+s.junit, "-f", "json:"+s.documents["json"], "-f", "progress:"+s.documents["progress"], "./testdata/slow").
		with(append(env, "SLOW_STARTED="+started)...).command(ctx)
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the spec that waits", func() bool {
		text, err := os.ReadFile(started)
		if err != nil {
			return false
		}
		s.specs, err = strconv.Atoi(string(text))
		return err == nil
	})
	return s
}

// await looks until something is true; the deadline is for when it never is.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if is() {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s did not come", what)
		}
	}
}

func (s *slowRun) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits for the end and checks that the test binary has ended, too.
func (s *slowRun) wait() answer {
	s.t.Helper()
	_ = s.cmd.Wait() // the exit code tells
	if err := syscall.Kill(s.specs, 0); err != syscall.ESRCH {
		s.t.Errorf("the test binary is still there: %v", err)
	}
	return answer{s.cmd.ProcessState.ExitCode(), s.stdout.String(), s.stderr.String()}
}

// Ctrl-C once: the test binary finishes its report, and so do we.
func TestInterruptOnce(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		s := startSlow(t)
		s.signal(sig)
		a := s.wait()
		a.wants(t, 130, "✓ holds", "Interrupted by User", "- never runs (skipped: interrupted)", "interrupted: this is what was known by then")
		// What was interrupted has no answer: it is not counted as failed.
		const line = "3 specs: 1 passed, 0 failed, 1 could not tell, 1 skipped"
		if got := last(a.stdout); got != line {
			t.Errorf("last line %q", got)
		}
		for file, words := range map[string][]string{
			s.junit:                 {`name="in order holds"`, `tests="3" failures="0" errors="1" skipped="1"`},
			s.documents["json"]:     {`"failed": 0`, `"could_not_tell": 1`, `"interrupted": true`, line},
			s.documents["progress"]: {".?-\n"},
		} {
			text, err := os.ReadFile(file)
			for _, w := range words {
				if err != nil || !strings.Contains(string(text), w) {
					t.Errorf("%q is not in %s: %v\n%s", w, file, err, text)
				}
			}
		}
	}
}

// Ctrl-C twice: all is killed at once, and what is known is told.
func TestInterruptTwice(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	s := startSlow(t, "SLOW_STUBBORN="+told)
	s.signal(os.Interrupt)
	await(t, "the first interrupt", func() bool { _, err := os.Stat(told); return err == nil })
	s.signal(os.Interrupt)
	a := s.wait()
	a.wants(t, 130, "✓ holds", "killed after 1 of 3 specs, since it was interrupted twice")
	if got := last(a.stdout); got != "1 spec: 1 passed, 0 failed, 0 could not tell, 0 skipped" {
		t.Errorf("last line %q", got)
	}
	if text, err := os.ReadFile(s.junit); err != nil || !strings.Contains(string(text), `name="in order holds"`) {
		t.Errorf("report: %v\n%s", err, text)
	}
}

// Before anything runs there is nothing to report.
func TestInterruptWhileCompiling(t *testing.T) {
	// A go command that never ends stands in for a long compilation.
	folder := t.TempDir()
	started := filepath.Join(folder, "started")
	script := "#!/bin/sh\ntouch " + started + "\nexec sleep 600\n"
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := hostspec(t, "run", "./testdata/good").with("PATH=" + folder + ":" + os.Getenv("PATH"))
	cmd := c.command(t.Context())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the go command", func() bool { _, err := os.Stat(started); return err == nil })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(stderr.String(), "interrupted; nothing was run") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}
