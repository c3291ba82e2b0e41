package remote_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/remote"
)

// plain is a whole backend: it runs shells of this machine, by way of nothing but their
// streams and their number.
type plain struct{ *remote.Connection }

func (b plain) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	mark := remote.NewMark()
	words, ahead, err := remote.Argv("/bin/sh", cmd, mark)
	if err != nil {
		return nil, err
	}
	cmd.Stdin = remote.Stdin(cmd, ahead)
	return b.Connection.Start(ctx, cmd, mark, func(_ context.Context, p *remote.Process) (remote.Transport, error) {
		child, err := remote.StartChild(words)
		if err != nil {
			return nil, err
		}
		return &pipes{Process: p, Child: child}, nil
	})
}

func (b plain) Close() error {
	b.Connection.Close()
	b.Wait()
	return nil
}

// pipes are the streams of a shell of this machine.
type pipes struct {
	*remote.Process
	*remote.Child
}

func (t *pipes) Copy() {
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(&t.Process.Stdout, t.Child.Stdout) })
	both.Go(func() { _, _ = io.Copy(&t.Process.Stderr, t.Child.Stderr) })
	both.Wait()
}

func (t *pipes) Feed(stdin io.Reader) {
	if stdin != nil {
		_, _ = io.Copy(t.Stdin, stdin)
	}
	_ = t.Stdin.Close()
}

func (t *pipes) Await(ctx context.Context) error {
	select {
	case <-t.Ended:
		t.Drain(nil, ctx.Done())
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *pipes) Status(context.Context) (backends.Status, error) {
	if ws := t.State.Sys().(syscall.WaitStatus); ws.Signaled() {
		return backends.Status{Code: 128 + int(ws.Signal())}, nil
	}
	return backends.Status{Code: t.State.ExitCode()}, nil
}

func (t *pipes) HangUp() bool { return t.Stdin.Close() == nil }

func (t *pipes) Kill(ctx context.Context) {
	remote.Persist(ctx, t.Ended, func() bool { t.SignalGroup(syscall.SIGKILL); return false })
}

func (t *pipes) Close() {
	_, _, _ = t.Stdin.Close(), t.Child.Stdout.Close(), t.Child.Stderr.Close()
}

func TestProcess_Conformance(t *testing.T) {
	open := func(ctx context.Context) (backends.Backend, error) {
		return plain{remote.NewConnection(ctx, 10*time.Second)}, nil
	}
	for _, check := range backendtest.Checks() {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, backendtest.Options{TempDir: t.TempDir()})
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// recorded is a Transport whose process never ends by itself.
type recorded struct {
	*remote.Process
	hangsUp bool
	closed  chan struct{}

	mu    sync.Mutex
	calls []string
}

func (r *recorded) note(c string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
}

func (r *recorded) Copy() {
	_, _ = r.Stdout.Write([]byte("printed"))
	<-r.closed
	_, _ = r.Stdout.Write([]byte("late"))
}
func (r *recorded) Feed(io.Reader) {}
func (r *recorded) Await(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}
func (r *recorded) Status(context.Context) (backends.Status, error) {
	r.note("status")
	return backends.Status{}, nil
}
func (r *recorded) HangUp() bool         { r.note("hang up"); return r.hangsUp }
func (r *recorded) Kill(context.Context) { r.note("kill") }
func (r *recorded) Close()               { r.note("close"); close(r.closed) }

// What is given up is killed, unless the end of its input ends it, and is closed last;
// whoever waits is told the cause.
func TestProcess_GiveUp(t *testing.T) {
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		endsWithStdin, hangsUp bool
		want                   string
	}{
		"any":                                   {false, true, "kill close"},
		"ends with its input":                   {true, true, "hang up close"},
		"was to end with its input and did not": {true, false, "hang up kill close"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := remote.NewConnection(t.Context(), time.Minute)
			var r *recorded
			var out strings.Builder
			cmd := backends.Command{EndsWithStdin: c.endsWithStdin, Stdout: &out}
			p, err := conn.Start(t.Context(), cmd, "", func(_ context.Context, p *remote.Process) (remote.Transport, error) {
				r = &recorded{Process: p, hangsUp: c.hangsUp, closed: make(chan struct{})}
				return r, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			conn.End(enough)
			if _, err := p.Wait(); !errors.Is(err, enough) {
				t.Errorf("found %v", err)
			}
			conn.Close()
			conn.Wait()
			if got := strings.Join(r.calls, " "); got != c.want {
				t.Errorf("expected %q, found %q", c.want, got)
			}
			<-r.Drained
			if strings.Contains(out.String(), "late") {
				t.Errorf("found %q", out.String())
			}
		})
	}
}
