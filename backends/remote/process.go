package remote

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// A Transport carries one process that was asked for. It is what a backend supplies;
// when to call it is the business of Process. Output belongs to the gates of the Process
// that Connection.Start hands out.
type Transport interface {
	// Copy passes on what the process prints to Process.Stdout and Process.Stderr, and
	// returns when both have ended.
	Copy()
	// Feed passes stdin on to the process as it comes, and ends it there; nil is no
	// stdin. Nobody waits for it. A backend that has not sent its request to start the
	// process yet does so here.
	Feed(stdin io.Reader)
	// Await returns nil when the process has ended and what it printed has come, for
	// which there is Process.Drain, or when nothing will be known of its end any more.
	// It returns the cause of ctx when that ends first.
	Await(ctx context.Context) error
	// Status says how the process ended, or why nobody knows. It is called after Await
	// has returned nil.
	Status(ctx context.Context) (backends.Status, error)
	// HangUp is called in place of Kill for a process that ends with its input. It ends
	// that, unless Close does, and reports whether no more has to be done.
	HangUp() bool
	// Kill kills the process and its group on the target, and returns when they are
	// dead, when nothing more can be done about that, or when ctx ends. Persist is for
	// what has to be tried again.
	Kill(ctx context.Context)
	// Close gives back all that the process took. It is called once, last of all.
	Close()
}

// A Connection starts the processes of one backend, and ends with all of them.
type Connection struct {
	// Ctx ends with Close, whose cause is ErrClosed, or by End.
	Ctx context.Context
	// End ends all that runs, for a cause such as ErrLost.
	End context.CancelCauseFunc
	// RTT is how long an answer takes.
	RTT RoundTrip

	// patience bounds the killing of a process that is given up.
	patience  time.Duration
	processes sync.WaitGroup
	// mu keeps a process from being counted while Close waits for the others.
	mu     sync.Mutex
	closed bool
}

// NewConnection returns a Connection that takes no more than patience to kill a process.
// ctx lends its values only.
func NewConnection(ctx context.Context, patience time.Duration) *Connection {
	c := &Connection{patience: patience}
	c.Ctx, c.End = context.WithCancelCause(context.WithoutCancel(ctx))
	return c
}

// Start starts a process. open makes its Transport within a context that ends with ctx or
// with the connection; the process ends with that, too. mark is what announces the
// process's number on stderr, or empty where the Transport finds it out by itself.
func (c *Connection) Start(ctx context.Context, cmd backends.Command, mark string, open func(context.Context, *Process) (Transport, error)) (backends.Process, error) {
	if c.Ctx.Err() != nil {
		return nil, context.Cause(c.Ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if !c.add() {
		return nil, backends.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.Ctx, func() { cancel(context.Cause(c.Ctx)) })
	release := func() { stop(); cancel(nil); c.processes.Done() }
	p := &Process{c: c, EndsWithStdin: cmd.EndsWithStdin, Drained: make(chan struct{}), done: make(chan struct{})}
	p.Stdout.W, p.Stderr.W, p.Stderr.Mark.Word = cmd.Stdout, cmd.Stderr, []byte(mark)
	t, err := open(ctx, p)
	if err != nil {
		release()
		return nil, err
	}
	p.t = t
	go func() {
		t.Copy()
		p.Stdout.End()
		p.Stderr.End()
		close(p.Drained)
	}()
	go t.Feed(cmd.Stdin)
	go func() {
		defer release()
		p.supervise(ctx)
	}()
	return p, nil
}

// add counts a process, unless the connection is closed.
func (c *Connection) add() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.processes.Add(1)
	return true
}

// Close has all processes killed, lets none begin any more, and reports whether this was
// the first call.
func (c *Connection) Close() bool {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	c.End(backends.ErrClosed)
	return first
}

// Wait waits until all processes have ended, after Close.
func (c *Connection) Wait() { c.processes.Wait() }

// A Process is one that a Transport carries.
type Process struct {
	// Stdout and Stderr are where the Transport writes what the process prints.
	Stdout, Stderr Gate
	// Drained is closed when both have ended.
	Drained chan struct{}
	// EndsWithStdin is that of the command.
	EndsWithStdin bool

	c *Connection
	t Transport

	// done is closed when status and err are set.
	done   chan struct{}
	status backends.Status
	err    error
}

// Wait implements backends.Process.
func (p *Process) Wait() (backends.Status, error) {
	<-p.done
	return p.status, p.err
}

// supervise sees to it that the process ends, and says how.
func (p *Process) supervise(ctx context.Context) {
	p.err = p.t.Await(ctx)
	if p.err != nil {
		p.giveUp()
	}
	p.Stdout.Shut()
	p.Stderr.Shut()
	if p.err == nil {
		p.status, p.err = p.t.Status(ctx)
	}
	if p.err == nil {
		p.err = errors.Join(p.Stdout.Err(), p.Stderr.Err())
	}
	close(p.done)
	p.t.Close()
}

// giveUp kills the process, and waits a little for what it had printed.
func (p *Process) giveUp() {
	if p.EndsWithStdin && p.t.HangUp() {
		return
	}
	// It is Close, too, that gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.c.Ctx), p.c.patience)
	defer cancel()
	p.t.Kill(ctx)
	select {
	case <-p.Drained:
	case <-time.After(backends.Drain):
	}
}

// Drain waits for the rest of the output of a process that has ended. gone, which may be
// nil, says that no more will come than is read already.
func (p *Process) Drain(gone, stop <-chan struct{}) {
	Drain(&p.Stdout, &p.Stderr, 2*p.c.RTT.Shortest(), p.Drained, gone, stop)
}

// Persist tries again, after longer and longer pauses, until a try says that it was
// enough, ended is closed, or ctx ends. ended may be nil.
func Persist(ctx context.Context, ended <-chan struct{}, try func() (enough bool)) {
	for pause := 10 * time.Millisecond; ctx.Err() == nil && !IsClosed(ended) && !try(); pause = min(2*pause, time.Second) {
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ended:
		case <-ctx.Done():
		}
		t.Stop()
	}
}
