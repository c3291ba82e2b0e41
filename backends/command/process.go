package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/internal/remote"
)

// process is a shell that was given something to run.
type process struct {
	*shell
	b *backend
	// endsWithStdin says that ending its input is enough to kill, and fed is closed
	// when that has ended.
	endsWithStdin bool
	fed           chan struct{}

	stdout, stderr remote.Gate

	// done is closed when result and failed are set.
	done   chan struct{}
	result backends.Status
	failed error
}

// feed gives the shell its text, and then the process its stdin.
func (p *process) feed(text string, stdin io.Reader) {
	if _, err := io.WriteString(p.Stdin, text); err != nil || stdin == nil {
		return // what is wrong is told by the outputs
	}
	select {
	case <-p.err.begun:
	case <-p.Ended:
		return
	}
	_, _ = io.Copy(p.Stdin, stdin)
	close(p.fed)
	_ = p.Stdin.Close()
}

// Wait implements backends.Process.
func (p *process) Wait() (backends.Status, error) {
	<-p.done
	return p.result, p.failed
}

// supervise sees to it that the process ends, and says how, and then that the prefix
// ends.
func (p *process) supervise(ctx context.Context) {
	p.await(ctx)
	var givenUp error
	if !p.completed() && ctx.Err() != nil {
		givenUp = context.Cause(ctx)
		p.giveUp()
	}
	p.stdout.Shut()
	p.stderr.Shut()
	p.result, p.failed = p.outcome(ctx, givenUp)
	close(p.done)
	p.ends(lingering)
	<-p.b.slots
	p.leave(p.b.ctx)
}

func (p *process) outcome(ctx context.Context, givenUp error) (backends.Status, error) {
	switch {
	case givenUp != nil:
		return backends.Status{}, givenUp
	case p.completed():
		return status(p.out.code), errors.Join(p.stdout.Err(), p.stderr.Err())
	case !remote.IsClosed(p.err.begun):
		return backends.Status{}, fmt.Errorf("%w: %s", backends.ErrLost, p.how())
	case p.endsWithStdin && remote.IsClosed(p.fed):
		return backends.Status{}, &backends.NoStatusError{Reason: "the command that leads to the target ended with " + p.State.String()}
	}
	return backends.Status{}, p.whyGone(ctx)
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
func (p *process) whyGone(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, backends.DefaultConnectTimeout,
		fmt.Errorf("no answer within %v", backends.DefaultConnectTimeout))
	defer cancel()
	s, failed := p.b.probe(ctx)
	if failed != nil {
		return fmt.Errorf("%w: %w", backends.ErrLost, failed.err)
	}
	s.leave(ctx)
	return &backends.NoStatusError{
		Reason: "the command that leads to the target ended first, with " + p.State.String() +
			"; the target can be reached, so the connection broke or the shell that waited there was killed",
	}
}

// giveUp kills the process, and waits a little for what it had printed.
func (p *process) giveUp() {
	// It is Close, too, that gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.b.ctx), killPatience)
	defer cancel()
	if p.endsWithStdin {
		_ = p.Stdin.Close()
		if p.ends(killGrace) {
			return
		}
	}
	p.kill(ctx)
	_ = p.Stdin.Close()
	p.SignalGroup(syscall.SIGKILL)
	p.ends(killGrace)
	select {
	case <-p.drained:
	case <-time.After(backends.Drain):
	}
}

// kill kills the process group on the target, where killing the prefix would leave it
// behind.
func (p *process) kill(ctx context.Context) {
	// Killed before it was told, the process could yet start.
	t := time.NewTimer(killGrace)
	defer t.Stop()
	select {
	case <-p.err.begun:
	case <-p.Ended:
		return
	case <-t.C:
		return
	}
	if p.err.number <= 1 {
		return // the first of a namespace of its own, whose end killing the prefix is
	}
	for pause := 10 * time.Millisecond; ctx.Err() == nil && !p.b.killGroup(ctx, p.err.number); pause = min(2*pause, time.Second) {
		if p.ends(pause) {
			return
		}
	}
	// What it said before it was killed may be on its way.
	p.ends(backends.Drain)
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
