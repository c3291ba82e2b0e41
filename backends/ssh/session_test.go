package ssh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// loginShells are what an account's command passes through before our sh. An applet
// of busybox is named without a slash.
var loginShells = []string{
	"/bin/bash", "/bin/dash", "/usr/bin/fish", "/bin/tcsh", "/bin/csh", "/bin/mksh", "/bin/ksh93", "ash", "/bin/rbash",
}

// shellChecks are those of the conformance suite that a login shell can spoil.
var shellChecks = []string{
	"words arrive byte for byte", "many and long words", "program with a hostile name", "environment", "directory",
	"directory that does not exist", "death by a signal", "program that does not exist",
	"a cancelled context leaves no orphan", "signals that are ignored do not save a process",
}

func TestLoginShells(t *testing.T) {
	s := rig.StartSSHD(t)
	for _, shell := range loginShells {
		t.Run(shell, func(t *testing.T) {
			a := rig.NewAccount(t, rig.LoginShell(shell))
			open := func(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, s.URI(a.Name)) }
			for _, check := range backendtest.Checks() {
				if !slices.Contains(shellChecks, check.Name) {
					continue
				}
				// A shell that does not become our sh swallows the signal.
				if err := check.Run(t.Context(), open, backendtest.Options{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestNoiseOfRCFiles(t *testing.T) {
	s := rig.StartSSHD(t)
	for _, shell := range []string{"/bin/bash", "/usr/bin/fish", "/bin/tcsh"} {
		t.Run(shell, func(t *testing.T) {
			a := rig.NewAccount(t, rig.LoginShell(shell), rig.RC("echo welcome; sh -c 'printf careful >&2'\n"))
			b := mustOpen(t, s.URI(a.Name))
			var stdout, stderr bytes.Buffer
			p, err := b.Start(within(t, time.Minute), backends.Command{
				Args: []string{"sh", "-c", "echo mine; echo mine too >&2"}, Stdout: &stdout, Stderr: &stderr})
			if err != nil {
				t.Fatal(err)
			}
			if status, err := p.Wait(); err != nil || !status.Success() {
				t.Fatal(status, err)
			}
			if stdout.String() != "welcome\nmine\n" || stderr.String() != "carefulmine too\n" {
				t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
			}
		})
	}
}

func TestLongRequest(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URI("root"))
	// Escaped, these are far more than one word of a process may hold.
	words := slices.Repeat([]string{strings.Repeat("'\n", 20_000)}, 5)
	var out bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{
		Args:   append([]string{"sh", "-c", `printf %s "$@"; cat`, "sh"}, words...),
		Stdin:  strings.NewReader("and the input"),
		Stdout: &out,
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || !status.Success() {
		t.Fatal(status, err)
	}
	if want := strings.Join(words, "") + "and the input"; out.String() != want {
		t.Errorf("%d bytes came, %d were wanted", out.Len(), len(want))
	}
}

func TestMaxSessions(t *testing.T) {
	for _, max := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(max), func(t *testing.T) {
			s := rig.StartSSHD(t, rig.Config(fmt.Sprintf("MaxSessions %d", max)))
			b := mustOpen(t, s.URI(rig.NewAccount(t).Name))
			var wg sync.WaitGroup
			for i := range 12 {
				wg.Go(func() {
					var out bytes.Buffer
					p, err := b.Start(within(t, time.Minute), backends.Command{
						Args: []string{"sh", "-c", `sleep 0.1; echo "$1"`, "sh", fmt.Sprint(i)}, Stdout: &out})
					if err != nil {
						t.Error(err)
						return
					}
					if status, err := p.Wait(); err != nil || !status.Success() || out.String() != fmt.Sprintln(i) {
						t.Error(status, err, out.String())
					}
				})
			}
			wg.Wait()
		})
	}
	t.Run("0", func(t *testing.T) {
		s := rig.StartSSHD(t, rig.Config("MaxSessions 0"))
		b := mustOpen(t, s.URI("root"))
		_, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"true"}})
		t.Log(err)
		if err == nil || !strings.Contains(err.Error(), "MaxSessions") {
			t.Errorf("%v does not tell why", err)
		}
	})
	t.Run("a deadline ends the waiting", func(t *testing.T) {
		s := rig.StartSSHD(t, rig.Config("MaxSessions 1"))
		b := mustOpen(t, s.URI(rig.NewAccount(t).Name))
		if _, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"sleep", "300"}}); err != nil {
			t.Fatal(err)
		}
		ours := errors.New("long enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, ours)
		defer cancel()
		_, err := b.Start(ctx, backends.Command{Args: []string{"true"}})
		t.Log(err)
		if !errors.Is(err, ours) || !strings.Contains(err.Error(), "refused to open another session") {
			t.Errorf("%v does not tell why", err)
		}
	})
}

// TestKillWithoutSignals cancels where sshd refuses to signal: for root, and where a
// command is forced.
func TestKillWithoutSignals(t *testing.T) {
	forced := rig.StartSSHD(t, rig.Config(`ForceCommand eval "$SSH_ORIGINAL_COMMAND"`))
	plain := rig.StartSSHD(t)
	root := rig.NewAccount(t, rig.Root(), rig.LoginShell("/usr/bin/fish")).Name
	for name, uri := range map[string]string{
		"root with fish": plain.URI(root), "forced": forced.URI(rig.NewAccount(t).Name),
		"root at MaxSessions": rig.StartSSHD(t, rig.Config("MaxSessions 2")).URI(root),
	} {
		t.Run(name, func(t *testing.T) {
			open := func(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, uri) }
			for _, check := range backendtest.Checks() {
				if strings.Contains(check.Name, "orphan") || strings.Contains(check.Name, "do not save") {
					if err := check.Run(t.Context(), open, backendtest.Options{}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// TestChattyGrandchild prints for ever after its parent has ended.
func TestChattyGrandchild(t *testing.T) {
	s := rig.StartSSHD(t)
	a := rig.NewAccount(t)
	b := mustOpen(t, s.URI(a.Name))
	for name, script := range map[string]string{
		"drop by drop": "(while sleep 0.01; do echo drop; done) & echo mine",
		"in torrents":  "yes flood & echo mine",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ctx := within(t, time.Minute)
			p, err := b.Start(ctx, backends.Command{Args: []string{"sh", "-c", script}, Stdout: &out})
			if err != nil {
				t.Fatal(err)
			}
			status, err := p.Wait()
			if err != nil || !status.Success() || !strings.Contains(out.String(), "mine\n") {
				t.Errorf("%v, %v, %d bytes", status, err, out.Len())
			}
			if ctx.Err() != nil {
				t.Error("Wait waited for the grandchild")
			}
		})
	}
}

// TestAllOutputComesOverASlowLine has more output on its way when the process ends
// than one window holds.
func TestAllOutputComesOverASlowLine(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URIAt(rig.DelayProxy(t, s.Addr, 400*time.Millisecond), rig.NewAccount(t).Name))
	var n countingWriter
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"head", "-c", "9000000", "/dev/zero"}, Stdout: &n})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || !status.Success() || n != 9_000_000 {
		t.Errorf("%v, %v, %d bytes", status, err, n)
	}
}

// TestSlowWriter has the process ended and its output here long before the writer
// takes it, while a grandchild keeps the end of the output away.
func TestSlowWriter(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URI(rig.NewAccount(t).Name))
	var n slowWriter
	p, err := b.Start(within(t, time.Minute), backends.Command{
		Args: []string{"sh", "-c", "sleep 300 & exec head -c 1000000 /dev/zero"}, Stdout: &n})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || !status.Success() || n != 1_000_000 {
		t.Errorf("%v, %v, %d bytes", status, err, n)
	}
}

type slowWriter int

func (n *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(30 * time.Millisecond)
	*n += slowWriter(len(p))
	return len(p), nil
}

type countingWriter int

func (n *countingWriter) Write(p []byte) (int, error) {
	*n += countingWriter(len(p))
	return len(p), nil
}

type brokenWriter struct{}

var errBroken = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriterThatFails(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URI("root"))
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"head", "-c", "5000000", "/dev/zero"}, Stdout: brokenWriter{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); !errors.Is(err, errBroken) {
		t.Errorf("Wait: %v", err)
	}
	output(t, b, "true")
}

// TestRelativeDirectory is where cd would read a word as something else.
func TestRelativeDirectory(t *testing.T) {
	s := rig.StartSSHD(t)
	a := rig.NewAccount(t)
	b := mustOpen(t, s.URI(a.Name))
	output(t, b, "mkdir", "./-", "a\nb")
	for _, dir := range []string{"-", "a\nb"} {
		var out bytes.Buffer
		p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"pwd"}, Dir: dir, Stdout: &out, Env: []string{"CDPATH=/tmp"}})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := p.Wait(); err != nil || !status.Success() || out.String() != a.Home+"/"+dir+"\n" {
			t.Errorf("%q: %v, %v, in %q", dir, status, err, out.String())
		}
	}
}

func TestPathHasSbin(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URI(rig.NewAccount(t).Name))
	path := output(t, b, "sh", "-c", "echo $PATH")
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if !slices.Contains(strings.Split(strings.TrimSpace(path), ":"), dir) {
			t.Errorf("PATH %s lacks %s", path, dir)
		}
	}
}

// TestOneConnection counts on the server's side.
func TestOneConnection(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, s.URI("root"))
	for range 5 {
		output(t, b, "true")
	}
	_ = b.Close()
	if s.Connections() != 1 || s.Sessions() != 5 {
		t.Errorf("%d connections, %d sessions:\n%s", s.Connections(), s.Sessions(), s.Log())
	}
}
