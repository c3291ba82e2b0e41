package command

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// A transport is a shell that is given something to run.
type transport struct {
	*remote.Process
	*shell
	b *backend
	// text is what the shell is to run, and fed is closed when the input behind that has
	// ended.
	text string
	fed  chan struct{}
}

// Copy implements remote.Transport.
func (t *transport) Copy() {
	t.read()
	<-t.drained
}

// Feed gives the shell its text, and then the process its stdin.
func (t *transport) Feed(stdin io.Reader) {
	if _, err := io.WriteString(t.Stdin, t.text); err != nil || stdin == nil {
		return // what is wrong is told by the outputs
	}
	select {
	case <-t.err.begun:
	case <-t.Ended:
		return
	}
	_, _ = io.Copy(t.Stdin, stdin)
	close(t.fed)
	_ = t.Stdin.Close()
}

// Await implements remote.Transport.
func (t *transport) Await(ctx context.Context) error {
	t.await(ctx)
	if !t.completed() && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Status implements remote.Transport.
func (t *transport) Status(ctx context.Context) (backends.Status, error) {
	switch {
	case t.completed():
		return status(t.out.code), nil
	case !remote.IsClosed(t.err.begun):
		return backends.Status{}, fmt.Errorf("%w: %s", backends.ErrLost, t.how())
	case t.EndsWithStdin && remote.IsClosed(t.fed):
		return backends.Status{}, &backends.NoStatusError{Reason: "the command that leads to the target ended with " + t.State.String()}
	}
	return backends.Status{}, t.whyGone(ctx)
}

// status is what a shell's $? says. ksh93 adds 256 to a signal's number.
func status(code int) backends.Status {
	if code > 256 {
		code = 128 + code - 256
	}
	return backends.Status{Code: code}
}

// whyGone finds out why the shell ended before it told how its process did: the target
// is gone; or it is there, and the connection broke or somebody has killed the shell.
func (t *transport) whyGone(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, backends.DefaultConnectTimeout,
		fmt.Errorf("no answer within %v", backends.DefaultConnectTimeout))
	defer cancel()
	s, failed := t.b.probe(ctx)
	if failed != nil {
		return fmt.Errorf("%w: %w", backends.ErrLost, failed.err)
	}
	s.leave(ctx)
	return &backends.NoStatusError{
		Reason: "the command that leads to the target ended first, with " + t.State.String() +
			"; the target can be reached, so the connection broke or the shell that waited there was killed",
	}
}

// HangUp implements remote.Transport.
func (t *transport) HangUp() bool {
	_ = t.Stdin.Close()
	return t.ends(killGrace)
}

// Kill implements remote.Transport.
func (t *transport) Kill(ctx context.Context) {
	t.killOnTarget(ctx)
	_ = t.Stdin.Close()
	t.SignalGroup(syscall.SIGKILL)
	t.ends(killGrace)
}

// killOnTarget kills the process group there, where killing the prefix would leave it
// behind.
func (t *transport) killOnTarget(ctx context.Context) {
	// Killed before it was told, the process could yet start.
	timer := time.NewTimer(killGrace)
	defer timer.Stop()
	select {
	case <-t.err.begun:
	case <-t.Ended:
		return
	case <-timer.C:
		return
	}
	if t.err.number <= 1 {
		return // the first of a namespace of its own, whose end killing the prefix is
	}
	remote.Persist(ctx, t.Ended, func() (enough bool) { return t.b.killGroup(ctx, t.err.number) })
	// What it said before it was killed may be on its way.
	t.ends(backends.Drain)
}

// Close implements remote.Transport. The prefix is seen to its end.
func (t *transport) Close() {
	t.ends(lingering)
	<-t.b.slots
	t.leave(t.b.Ctx)
}

// killGroup kills a process of the target and its group by one more run of the
// prefix, beyond the places, since the places may be what is to be killed. It tells
// whether that was run: there may be too many already.
func (b *backend) killGroup(ctx context.Context, pid int) bool {
	s, err := b.launch()
	if err != nil {
		return false
	}
	m := newMarks()
	s.out.expect(m.out, m.end, &remote.Gate{})
	s.err.expect(m.err, m.end, &remote.Gate{})
	s.read()
	_, _ = fmt.Fprintf(s.Stdin, "{\necho %s$$\n%s\nexit\n}\n", m.out, backends.KillTree(pid))
	s.ends(killPatience)
	s.quit()
	<-s.drained
	return remote.IsClosed(s.out.begun)
}
