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
	"github.com/hostspec/hostspec/backends/internal/remote"
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

// process is an exec.
type process struct {
	b    *backend
	id   string
	conn types.HijackedResponse
	// endsWithStdin says that closing the connection is enough to kill.
	endsWithStdin bool
	// told says that its input has ended, so that such a process ends.
	told  atomic.Bool
	stdin input

	stdout, stderr remote.Gate
	// drained is closed when both outputs have ended.
	drained chan struct{}

	// done is closed when result and err are set.
	done   chan struct{}
	result backends.Status
	err    error
}

func newProcess(b *backend, id string, conn types.HijackedResponse, mark string, cmd backends.Command) *process {
	p := &process{
		b: b, id: id, conn: conn, endsWithStdin: cmd.EndsWithStdin,
		drained: make(chan struct{}), done: make(chan struct{}),
	}
	p.stdout.W, p.stderr.W, p.stderr.Mark = cmd.Stdout, cmd.Stderr, mark
	return p
}

// stream moves bytes both ways until each way ends.
func (p *process) stream(stdin io.Reader) {
	go func() {
		// Both come through one connection; how it ended is asked of the engine.
		_, _ = stdcopy.StdCopy(&p.stdout, &p.stderr, p.conn.Reader)
		p.stdout.End()
		p.stderr.End()
		close(p.drained)
	}()
	if stdin == nil {
		return
	}
	go func() {
		p.stdin.to = p.conn.Conn
		_, err := io.Copy(&p.stdin, stdin)
		p.told.Store(err == nil)
		_ = p.conn.CloseWrite()
	}()
}

// Wait implements backends.Process.
func (p *process) Wait() (backends.Status, error) {
	<-p.done
	return p.result, p.err
}

// supervise sees to it that the process ends, and says how.
func (p *process) supervise(ctx context.Context) {
	defer close(p.done)
	p.result, p.err = p.watch(ctx)
	if ctx.Err() != nil && p.err != nil {
		p.giveUp()
		p.err = context.Cause(ctx)
	}
	p.stdout.Shut()
	p.stderr.Shut()
	var unread error
	if p.err == nil {
		unread = p.unread(ctx)
	}
	p.conn.Close()
	if p.err == nil {
		p.err = errors.Join(p.stdout.Err(), p.stderr.Err(), unread)
	}
}

// unread is an error where podman may have lost output. As was seen of podman 4.3, it
// hangs up as soon as it cannot pass stdin on to a process that has ended, whether or
// not all that the process had printed was sent.
func (p *process) unread(ctx context.Context) error {
	if !p.stdin.stuck.Load() {
		return nil
	}
	podman, err := isPodman(ctx, p.b.api)
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
func (p *process) watch(ctx context.Context) (backends.Status, error) {
	pause, drained := firstLook, p.drained
	if p.endsWithStdin {
		pause = idleLook
	}
	for {
		t := time.NewTimer(pause)
		select {
		case <-drained:
			// The end of the process is noted a moment later than that of its
			// output, or much later when it has closed that itself.
			drained, pause = nil, time.Millisecond
		case <-t.C:
			pause = min(pause*3/2, max(slowestLook, pause))
		case <-ctx.Done():
			t.Stop()
			return backends.Status{}, context.Cause(ctx)
		}
		t.Stop()
		status, ended, err := p.look(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return backends.Status{}, context.Cause(ctx)
		case err != nil:
			return backends.Status{}, p.b.gone(ctx, err)
		case !ended:
			continue
		case drained != nil:
			remote.Drain(&p.stdout, &p.stderr, 2*p.b.rtt.Shortest(), p.drained, nil, ctx.Done())
		}
		return p.judge(ctx, status)
	}
}

// look asks the engine whether the process has ended.
func (p *process) look(ctx context.Context) (status backends.Status, ended bool, err error) {
	began := time.Now()
	e, err := p.b.api.ContainerExecInspect(ctx, p.id)
	if err != nil {
		return backends.Status{}, false, err
	}
	p.b.rtt.Took(time.Since(began))
	// An exec that has not begun does not run either.
	begun := p.stderr.PID() > 0 || remote.IsClosed(p.drained)
	return backends.Status{Code: e.ExitCode}, begun && !e.Running, nil
}

// judge tells the end of a process from that of its container.
func (p *process) judge(ctx context.Context, status backends.Status) (backends.Status, error) {
	switch {
	case status.Code == dying && p.endsWithStdin && p.told.Load():
		// It did what it promised.
	case status.Code == dying:
		if err := p.b.alive(ctx); err != nil {
			if ctx.Err() != nil {
				return backends.Status{}, context.Cause(ctx)
			}
			return backends.Status{}, p.b.lose(ctx, err)
		}
	case status.Code < 0 || status.Code > 255:
		if err := p.b.lives(ctx); err != nil {
			return backends.Status{}, p.b.lose(ctx, err)
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

// giveUp kills the process, and waits a little for what it had printed.
func (p *process) giveUp() {
	if p.endsWithStdin || p.b.remove != nil && errors.Is(context.Cause(p.b.ctx), backends.ErrClosed) {
		_ = p.conn.CloseWrite()
		return // closing the connection, or removing the container, is enough
	}
	if errors.Is(context.Cause(p.b.ctx), backends.ErrLost) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.b.ctx), killPatience)
	defer cancel()
	p.kill(ctx)
	select {
	case <-p.drained:
	case <-time.After(backends.Drain):
	}
}

// kill ends the process group in the container. Its own user may, unless the process
// has become somebody else; then root may, unless the container has taken that right
// from it.
func (p *process) kill(ctx context.Context) {
	users := []string{p.b.user, "0"}
	for i, pause := 0, 5*time.Millisecond; ; pause = min(2*pause, time.Second) {
		_, ended, err := p.look(ctx)
		if err != nil || ended {
			return
		}
		if pid := p.stderr.PID(); pid > 1 {
			// An engine may refuse once; whether it did is seen by the next look.
			_, _ = p.b.run(ctx, users[i%len(users)], []string{p.b.sh, "-c", backends.KillTree(pid)}, nil)
			i++
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
