package docker

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

const (
	// killPatience bounds the killing of a process that was given up.
	killPatience = 25 * time.Second
	// firstLook is when an exec is first asked whether it has ended although its
	// output has not, and slowestLook how often it is in the long run.
	firstLook, slowestLook = 20 * time.Millisecond, 250 * time.Millisecond
	// idleLook is the same for what ends by itself when we want it to.
	idleLook = 2 * time.Second
	// dying is the code of what was killed by a signal that nothing survives: a
	// container's end is one.
	dying = 128 + 9
)

// A transport is an exec.
type transport struct {
	*remote.Process
	b     *backend
	id    string
	conn  types.HijackedResponse
	stdin input
	// told says that its input has ended.
	told atomic.Bool

	// status and err are how it has ended.
	status backends.Status
	err    error
}

// Copy implements remote.Transport. Both outputs come through one connection; how the
// process ended is asked of the engine.
func (t *transport) Copy() { _, _ = stdcopy.StdCopy(&t.Stdout, &t.Stderr, t.conn.Reader) }

// Feed implements remote.Transport.
func (t *transport) Feed(stdin io.Reader) {
	if stdin == nil {
		return
	}
	t.stdin.to = t.conn.Conn
	_, err := io.Copy(&t.stdin, stdin)
	t.told.Store(err == nil)
	_ = t.conn.CloseWrite()
}

// Await implements remote.Transport.
func (t *transport) Await(ctx context.Context) error {
	t.status, t.err = t.watch(ctx)
	if t.err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Status implements remote.Transport.
func (t *transport) Status(ctx context.Context) (backends.Status, error) {
	if t.err != nil {
		return backends.Status{}, t.err
	}
	return t.status, t.unread(ctx)
}

// HangUp implements remote.Transport: closing the connection is enough.
func (t *transport) HangUp() bool {
	_ = t.conn.CloseWrite()
	return true
}

// Close implements remote.Transport.
func (t *transport) Close() { t.conn.Close() }

// unread is an error where podman may have lost output. As was seen of podman 4.3, it
// hangs up as soon as it cannot pass stdin on to a process that has ended, whether or
// not all that the process had printed was sent.
func (t *transport) unread(ctx context.Context) error {
	if !t.stdin.stuck.Load() {
		return nil
	}
	podman, err := isPodman(ctx, t.b.api)
	if err != nil || !podman {
		return err
	}
	return errors.New("the process ended before it had read all of its stdin, and podman may have lost what it printed then; let it read all, or give it less")
}

// input passes stdin on, and reports whether a write has failed, or not ended yet.
type input struct {
	to    io.Writer
	stuck atomic.Bool
}

func (i *input) Write(b []byte) (int, error) {
	i.stuck.Store(true)
	n, err := i.to.Write(b)
	if err == nil {
		i.stuck.Store(false)
	}
	return n, err
}

// watch waits for the end. The output ends with the process, unless a descendant
// holds it open: so the engine is asked now and then, too.
func (t *transport) watch(ctx context.Context) (backends.Status, error) {
	pause, drained := firstLook, t.Drained
	if t.EndsWithStdin {
		pause = idleLook
	}
	for {
		timer := time.NewTimer(pause)
		select {
		case <-drained:
			// The end of the process is noted a moment later than that of its
			// output, or much later when it has closed that itself.
			drained, pause = nil, time.Millisecond
		case <-timer.C:
			pause = min(pause*3/2, max(slowestLook, pause))
		case <-ctx.Done():
			timer.Stop()
			return backends.Status{}, context.Cause(ctx)
		}
		timer.Stop()
		status, ended, err := t.look(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return backends.Status{}, context.Cause(ctx)
		case err != nil:
			return backends.Status{}, t.b.gone(ctx, err)
		case !ended:
			continue
		case drained != nil:
			t.Drain(nil, ctx.Done())
		}
		return t.judge(ctx, status)
	}
}

// look asks the engine whether the process has ended.
func (t *transport) look(ctx context.Context) (status backends.Status, ended bool, err error) {
	began := time.Now()
	e, err := t.b.api.ContainerExecInspect(ctx, t.id)
	if err != nil {
		return backends.Status{}, false, err
	}
	t.b.RTT.Took(time.Since(began))
	// An exec that has not begun does not run either.
	begun := t.Stderr.PID() > 0 || remote.IsClosed(t.Drained)
	return backends.Status{Code: e.ExitCode}, begun && !e.Running, nil
}

// judge tells the end of a process from that of its container.
func (t *transport) judge(ctx context.Context, status backends.Status) (backends.Status, error) {
	switch {
	case status.Code == dying && t.EndsWithStdin && t.told.Load():
		// It did what it promised.
	case status.Code == dying:
		if err := t.b.alive(ctx); err != nil {
			if ctx.Err() != nil {
				return backends.Status{}, context.Cause(ctx)
			}
			return backends.Status{}, t.b.lose(ctx, err)
		}
	case status.Code < 0 || status.Code > 255:
		if err := t.b.lives(ctx); err != nil {
			return backends.Status{}, t.b.lose(ctx, err)
		}
		return backends.Status{}, &backends.NoStatusError{Reason: "the engine does not know it"}
	}
	return status, nil
}

// alive tells for certain whether the container lives: what was killed with its
// container has ended before the engine knows of the container's end, but nothing can
// be started in a dying one.
func (b *backend) alive(ctx context.Context) error {
	if err := b.lives(ctx); err != nil {
		return err
	}
	status, err := b.run(ctx, "", []string{b.sh, "-c", ":"}, nil)
	if err != nil {
		return err
	}
	if status != 0 {
		return errors.New("nothing can be started in the container any more")
	}
	return b.lives(ctx)
}

// run runs words to their end and returns the exit code; output may be nil.
func (b *backend) run(ctx context.Context, user string, args []string, output io.Writer) (code int, err error) {
	id, conn, err := b.exec(ctx, user, args, false)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, conn.Close)
	defer stop()
	if output == nil {
		output = io.Discard
	}
	_, _ = stdcopy.StdCopy(output, output, conn.Reader)
	for pause := time.Millisecond; ; pause = min(2*pause, slowestLook) {
		e, err := b.api.ContainerExecInspect(ctx, id)
		if err != nil || !e.Running {
			return e.ExitCode, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// Kill implements remote.Transport. The process's own user may kill it, unless it has
// become somebody else; then root may, unless the container has taken that right from it.
func (t *transport) Kill(ctx context.Context) {
	switch cause := context.Cause(t.b.Ctx); {
	case errors.Is(cause, backends.ErrLost):
		return
	case t.b.remove != nil && errors.Is(cause, backends.ErrClosed):
		_ = t.conn.CloseWrite()
		return // removing the container is enough
	}
	users := []string{t.b.user, "0"}
	tries := 0
	remote.Persist(ctx, nil, func() (enough bool) {
		_, ended, err := t.look(ctx)
		if err != nil || ended {
			return true
		}
		if pid := t.Stderr.PID(); pid > 1 {
			// An engine may refuse once; whether it did is seen by the next look.
			_, _ = t.b.run(ctx, users[tries%len(users)], []string{t.b.sh, "-c", backends.KillTree(pid)}, nil)
			tries++
		}
		return false
	})
}
