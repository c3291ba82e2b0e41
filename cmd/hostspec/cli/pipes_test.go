package cli_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fifo makes a named pipe.
func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// signalled starts a command, sends it a signal once ready says so, or, where it is to
// be sent more, signals until it has ended: of two that come at once the kernel may
// deliver one. It returns the exit code.
func signalled(t *testing.T, cmd *exec.Cmd, ready func() bool, more bool) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the moment to interrupt", ready)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the exit code tells
	}()
	for {
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		if !more {
			<-ended
		}
		select {
		case <-ended:
			return cmd.ProcessState.ExitCode()
		case <-time.After(time.Second):
		}
	}
}

func holds(file, text string) func() bool {
	return func() bool {
		got, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(got), text)
	}
}

// A report to a pipe waits for its reader, and not for ever.
func TestInterruptWhileNobodyReadsTheReport(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	// This one says when it has listed the packages: the reports come next.
	folder := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s \"$@\"; code=$?; echo \"$1\" >>%s/called; exit $code\n", goCommand, folder)
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := hostspec(t, "run", "-f", "junit:"+fifo(t), "./testdata/good").
		with("PATH=" + folder + ":" + os.Getenv("PATH")).command(t.Context())
	if code := signalled(t, cmd, holds(folder+"/called", "list"), false); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// Twice means at once, also where the report can neither be written nor given up.
func TestInterruptTwiceWhileTheReportIsStuck(t *testing.T) {
	name := fifo(t)
	full, err := os.OpenFile(name, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	// A pipe takes no more than this at once, see pipe(7).
	if _, err := unix.FcntlInt(full.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := full.Write(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := hostspec(t, "run", "-f", "documentation", "-f", "junit:"+name, "./testdata/good").command(t.Context())
	cmd.Stdout = out
	if code := signalled(t, cmd, holds(out.Name(), "counts"), true); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

func TestInterruptWhileDiffReads(t *testing.T) {
	name := fifo(t)
	var writer int
	reads := func() bool {
		// ENXIO, fifo(7): not yet.
		fd, err := unix.Open(name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		writer = fd
		return err == nil
	}
	defer func() { unix.Close(writer) }()
	if code := signalled(t, hostspec(t, "diff", name, name).command(t.Context()), reads, false); code != 130 {
		t.Errorf("exit code %d", code)
	}
}
