package docker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// name is one that no other test has.
func name(t testing.TB, what string) string {
	t.Helper()
	return fmt.Sprintf("hostspec-test-%s-%d", what, time.Now().UnixNano())
}

// until waits for something to become true.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Minute); !f(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestContainerByNameAndUser(t *testing.T) {
	web := name(t, "web")
	startContainer(t, "--name", web, "--user", "65534", "--workdir", "/tmp", "--env", "STAGE=test", busybox(t), "sh", "-c", wait)
	const script = `echo "$(id -u) $(pwd) $STAGE"; case $PATH in */usr/sbin*) ;; *) echo "$PATH";; esac`
	for uri, want := range map[string]string{"docker://" + web: "65534 /tmp test\n", "docker://root@" + web: "0 /tmp test\n"} {
		if got := output(t, mustOpen(t, uri), "sh", "-c", script); got != want {
			t.Errorf("%s: expected %q, found %q", uri, want, got)
		}
	}
	b := mustOpen(t, "docker://nosuchuser@"+web)
	p, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}})
	if err == nil {
		var status backends.Status
		if status, err = p.Wait(); err == nil && status.Success() {
			t.Error("expected a user that does not exist to be told, found exit 0")
		}
	}
}

func TestNoSuchContainer(t *testing.T) {
	web := name(t, "web")
	startContainer(t, "--name", web, busybox(t), "sh", "-c", wait)
	text := unreachableText(t, "docker://"+web[:len(web)-1]+"x")
	wantText(t, text, "UNREACHABLE: look at container", "no such container", "Near it: "+web)
	wantText(t, unreachableText(t, "docker://"+strings.Repeat("q", 40)), "no such container", "The engine has: ")
}

func TestStoppedContainer(t *testing.T) {
	image := busybox(t)
	id := startContainer(t, image, "true")
	until(t, "the end of the container", func() bool { return engine(t, "inspect", "--format", "{{.State.Status}}", id) == "exited" })
	wantLimited(t, mustOpen(t, "docker://"+id), "the container is not running")
	created := engine(t, "create", image, "true")
	t.Cleanup(func() { engine(t, "rm", created) })
	b := mustOpen(t, "docker://"+created)
	wantLimited(t, b, "the container is not running")
	_ = b.Close()
	if _, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrClosed) {
		t.Errorf("expected ErrClosed, found %v", err)
	}
}

func TestContainerWithoutAShell(t *testing.T) {
	files := busyboxFiles(t)
	for i := range files {
		if files[i].name == "bin/sh" {
			files[i].name = "bin/notsh"
		}
	}
	id := startContainer(t, makeImage(t, files), "sleep", "1000")
	wantLimited(t, mustOpen(t, "docker://"+id), "no shell in this container")
}

func TestContainerWithAShellElsewhere(t *testing.T) {
	files := append(busyboxFiles(t), file{name: "opt/", mode: 0o755}, file{name: "opt/sh", mode: 0o777, link: "/bin/busybox"})
	for i := range files {
		if files[i].name == "bin/sh" {
			files[i].name = "bin/notsh"
		}
	}
	id := startContainer(t, makeImage(t, files, "ENV PATH=/opt:/bin"), "sleep", "1000")
	output(t, mustOpen(t, "docker://"+id), "true")
}

func TestPausedContainer(t *testing.T) {
	id := startContainer(t, busybox(t), "sh", "-c", wait)
	b := mustOpen(t, "docker://"+id)
	engine(t, "pause", id)
	t.Cleanup(func() { engine(t, "unpause", id) })
	wantText(t, unreachableText(t, "docker://"+id), "it is paused", "docker unpause "+id)
	if _, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrLost) {
		t.Errorf("expected ErrLost of a container that was paused, found %v", err)
	}
}

func TestContainerThatRestartsAgainAndAgain(t *testing.T) {
	id := startContainer(t, "--restart", "always", busybox(t), "sh", "-c", "echo no database; exit 4")
	// The pauses between the attempts double.
	until(t, "a long pause", func() bool {
		var n int
		fmt.Sscan(engine(t, "inspect", "--format", "{{.RestartCount}}", id), &n)
		return n >= 7 && engine(t, "inspect", "--format", "{{.State.Restarting}}", id) == "true"
	})
	wantText(t, unreachableText(t, "docker://"+id), "it restarts again and again", "exit 4", "no database")
}

func TestContainerEndsUnderACommand(t *testing.T) {
	for _, how := range []string{"kill", "stop", "restart", "rm --force"} {
		t.Run(how, func(t *testing.T) {
			id := engine(t, "run", "--detach", "--label", "hostspec-test.docker", busybox(t), "sh", "-c", wait)
			t.Cleanup(func() { engine(t, "rm", "--force", id) })
			b := mustOpen(t, "docker://"+id)
			r, w := newSignal()
			p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"sh", "-c", "echo up; sleep 1000"}, Stdout: w})
			if err != nil {
				t.Fatal(err)
			}
			<-r
			engine(t, append(strings.Fields(how), id)...)
			if status, err := p.Wait(); !errors.Is(err, backends.ErrLost) {
				t.Errorf("expected ErrLost of Wait, found %v, %v", status, err)
			}
			if _, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrLost) {
				t.Errorf("expected ErrLost of Start, found %v", err)
			}
		})
	}
}

// signal closes its channel at the first byte.
type signal chan struct{}

func newSignal() (<-chan struct{}, *signal) {
	c := make(signal)
	return c, &c
}

func (s *signal) Write(p []byte) (int, error) {
	if len(p) > 0 && *s != nil {
		close(*s)
		*s = nil
	}
	return len(p), nil
}

// TestKilledProcessInALivingContainer is the other side: that code is an answer.
func TestKilledProcessInALivingContainer(t *testing.T) {
	b := mustOpen(t, "docker://"+startContainer(t, busybox(t), "sh", "-c", wait))
	p, err := b.Start(t.Context(), backends.Command{Args: []string{"sh", "-c", "kill -s KILL $$"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || status.Code != 137 {
		t.Errorf("expected exit 137, found %v, %v", status, err)
	}
}

func TestProcessOfAnotherUserIsKilled(t *testing.T) {
	// Root may not kill other users' processes there.
	id := startContainer(t, "--cap-drop", "ALL", "--user", "65534", busybox(t), "sh", "-c", wait)
	b := mustOpen(t, "docker://"+id)
	r, w := newSignal()
	ctx := within(t, time.Minute)
	inner, cancel := context.WithCancel(ctx)
	p, err := b.Start(inner, backends.Command{Args: []string{"sh", "-c", "trap '' TERM HUP; echo up; sleep 4321; sleep 4322"}, Stdout: w})
	if err != nil {
		t.Fatal(err)
	}
	<-r
	cancel()
	if _, err := p.Wait(); err == nil {
		t.Error("expected the cause of the context, found no error")
	}
	if list := output(t, b, "ps"); bytes.Contains([]byte(list), []byte("432")) {
		t.Errorf("expected nothing to be left, found\n%s", list)
	}
}
