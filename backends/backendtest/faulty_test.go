package backendtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/local"
)

// A faulty backend is the local one with something done wrong. It also hides the
// optional interfaces.
type faulty struct {
	backends.Backend
	start func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error)
	close func(b backends.Backend) error
}

func (f *faulty) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	if f.start == nil {
		return f.Backend.Start(ctx, cmd)
	}
	return f.start(ctx, f.Backend, cmd)
}

func (f *faulty) Close() error {
	if f.close == nil {
		return f.Backend.Close()
	}
	return f.close(f.Backend)
}

// A faultyRunner is the local backend whose Run is wrong.
type faultyRunner struct {
	*local.Backend
	run func(ctx context.Context, b *local.Backend, cmd backends.Command) (backends.Status, error)
}

func (f *faultyRunner) Run(ctx context.Context, cmd backends.Command) (backends.Status, error) {
	return f.run(ctx, f.Backend, cmd)
}

// running makes a backend whose Run is wrong.
func running(run func(ctx context.Context, b *local.Backend, cmd backends.Command) (backends.Status, error)) maker {
	return func() backends.Backend { return &faultyRunner{local.New(), run} }
}

// A maker makes a backend.
type maker func() backends.Backend

// starting makes a backend whose Start is wrong.
func starting(start func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error)) maker {
	return func() backends.Backend { return &faulty{Backend: local.New(), start: start} }
}

// changing makes a backend that changes commands before it starts them.
func changing(change func(cmd *backends.Command)) maker {
	return starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
		change(&cmd)
		return b.Start(ctx, cmd)
	})
}

// waiting makes a backend whose Wait is wrong.
func waiting(wait func(ctx context.Context, p backends.Process) (backends.Status, error)) maker {
	return starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
		p, err := b.Start(ctx, cmd)
		if err != nil {
			return nil, err
		}
		return processFunc(func() (backends.Status, error) { return wait(ctx, p) }), nil
	})
}

type processFunc func() (backends.Status, error)

func (f processFunc) Wait() (backends.Status, error) { return f() }

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// printing makes a backend that changes what is printed on stdout, piece by piece.
func printing(change func(p []byte) []byte) maker {
	return changing(func(cmd *backends.Command) {
		if out := cmd.Stdout; out != nil {
			cmd.Stdout = writerFunc(func(p []byte) (int, error) {
				_, err := out.Write(change(bytes.Clone(p)))
				return len(p), err
			})
		}
	})
}

// throughShell makes a backend that hands a line to a shell.
func throughShell(line func(cmd backends.Command) string) maker {
	return changing(func(cmd *backends.Command) {
		if len(cmd.Args) > 0 && !strings.Contains(line(*cmd), "\x00") {
			cmd.Args = []string{"sh", "-c", line(*cmd)}
			cmd.Dir, cmd.Env = "", nil
		}
	})
}

// withContext makes a backend that starts with another context.
func withContext(other func(ctx context.Context) context.Context) maker {
	return starting(func(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
		return b.Start(other(ctx), cmd)
	})
}

// abandon returns in time and leaves everything running.
func abandon(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
	p, err := b.Start(context.WithoutCancel(ctx), cmd)
	if err != nil {
		return nil, err
	}
	return processFunc(func() (backends.Status, error) {
		type end struct {
			status backends.Status
			err    error
		}
		ended := make(chan end, 1)
		go func() {
			status, err := p.Wait()
			ended <- end{status, err}
		}()
		select {
		case e := <-ended:
			return e.status, e.err
		case <-ctx.Done():
			return backends.Status{}, context.Cause(ctx)
		}
	}), nil
}

// buffered holds the output back until the process has ended.
func buffered(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
	var mu sync.Mutex
	var kept bytes.Buffer
	out := cmd.Stdout
	cmd.Stdout = writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return kept.Write(p)
	})
	p, err := b.Start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return processFunc(func() (backends.Status, error) {
		status, err := p.Wait()
		// Wait may have given up on a process whose output still comes.
		mu.Lock()
		defer mu.Unlock()
		if out != nil {
			_, bad := out.Write(kept.Bytes())
			err = errors.Join(err, bad)
		}
		return status, err
	}), nil
}

// readToItsEnd wants every process to read all of its stdin.
func readToItsEnd(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
	in, atEnd := cmd.Stdin, new(atomic.Bool)
	if in == nil {
		return b.Start(ctx, cmd)
	}
	cmd.Stdin = readerFunc(func(p []byte) (int, error) {
		n, err := in.Read(p)
		atEnd.Store(err == io.EOF)
		return n, err
	})
	p, err := b.Start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return processFunc(func() (backends.Status, error) {
		status, err := p.Wait()
		if err == nil && !atEnd.Load() {
			err = io.ErrShortWrite
		}
		return status, err
	}), nil
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// An execBackend is what one writes first, with os/exec alone.
type execBackend struct {
	mu     sync.Mutex
	closed bool
	// cancel ends a process; that of os/exec when nil.
	cancel func(c *exec.Cmd) error
	// hasty does not wait for the output: what comes late is lost, or with late
	// is written then.
	hasty, late bool
}

func (b *execBackend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, backends.ErrClosed
	}
	c := exec.CommandContext(ctx, cmd.Args[0], cmd.Args[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Dir = cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir
	c.Env = append(c.Environ(), cmd.Env...)
	var gates []*gate
	if b.hasty {
		gates = []*gate{{to: cmd.Stdout}, {to: cmd.Stderr}}
		c.Stdout, c.Stderr = gates[0], gates[1]
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if b.cancel != nil {
		c.Cancel = func() error { return b.cancel(c) }
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return processFunc(func() (backends.Status, error) {
		if b.hasty {
			state, err := c.Process.Wait()
			for _, g := range gates {
				g.shut(!b.late || !strings.Contains(strings.Join(cmd.Args, " "), "echo late"))
			}
			return backends.Status{Code: state.ExitCode()}, err
		}
		err := c.Wait()
		if ctx.Err() != nil {
			return backends.Status{}, context.Cause(ctx)
		}
		if _, ok := errors.AsType[*exec.ExitError](err); ok {
			err = nil
		}
		return backends.Status{Code: c.ProcessState.ExitCode()}, err
	}), nil
}

func (b *execBackend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// A gate hands on what is written until it is shut. It keeps what this backend
// does wrong from being a data race too.
type gate struct {
	mu   sync.Mutex
	to   io.Writer
	gone atomic.Bool
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone.Load() || g.to == nil {
		return len(p), nil
	}
	return g.to.Write(p)
}

// shut also waits for what is being written.
func (g *gate) shut(really bool) {
	g.gone.Store(really)
	g.mu.Lock()
	defer g.mu.Unlock()
}

// politely asks the whole group to end.
func politely(c *exec.Cmd) error {
	if c.Process.Pid <= 1 {
		return errors.New("no process")
	}
	return syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
}

// limited allows ten processes at a time.
type limited struct {
	backends.Backend
	places chan struct{}
	// refuse does not wait for a free place; keep never gives one back.
	refuse, keep bool
}

func newLimited(refuse, keep bool) maker {
	return func() backends.Backend {
		return &limited{local.New(), make(chan struct{}, 10), refuse, keep}
	}
}

func (l *limited) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	if l.refuse {
		select {
		case l.places <- struct{}{}:
		default:
			return nil, errors.New("open failed: administratively prohibited")
		}
	} else {
		select {
		case l.places <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	p, err := l.Backend.Start(ctx, cmd)
	if err != nil {
		<-l.places
		return nil, err
	}
	return processFunc(func() (backends.Status, error) {
		status, err := p.Wait()
		if !l.keep || err == nil {
			<-l.places
		}
		return status, err
	}), nil
}
