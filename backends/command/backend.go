package command

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/internal/remote"
)

const (
	// places is how many processes run at once. An sshd begins to turn away new
	// connections at 10 (MaxStartups), and refuses an eleventh session.
	places = 8
	// killGrace bounds each step of killing what does not end by itself, and
	// killPatience the killing on the target.
	killGrace, killPatience = 3 * time.Second, 15 * time.Second
)

// backend is a prefix.
type backend struct {
	// words are the prefix and sh.
	words []string

	// ctx ends with Close; its cause is then ErrClosed.
	ctx    context.Context
	cancel context.CancelCauseFunc

	slots chan struct{}
	// spare holds the shell that told that the target can be reached.
	spare   chan *shell
	running sync.WaitGroup
	// mu keeps a process from being counted while Close waits for the others.
	mu     sync.Mutex
	closed bool
}

// newBackend makes a backend of a prefix; ctx lends its values only.
func newBackend(ctx context.Context, prefix []string) *backend {
	b := &backend{
		words: append(prefix[:len(prefix):len(prefix)], "/bin/sh"),
		slots: make(chan struct{}, places), spare: make(chan *shell, 1),
	}
	b.ctx, b.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return b
}

// Start implements backends.Backend.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	m := newMarks()
	text, err := shellText(cmd, m)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(b.ctx, func() { cancel(context.Cause(b.ctx)) })
	release := func() { stop(); cancel(nil) }
	s, err := b.shell(ctx)
	if err != nil {
		release()
		return nil, err
	}
	p := &process{shell: s, b: b, endsWithStdin: cmd.EndsWithStdin, fed: make(chan struct{}), done: make(chan struct{})}
	p.stdout.W, p.stderr.W = cmd.Stdout, cmd.Stderr
	s.out.expect(m.out, m.end, &p.stdout)
	s.err.expect(m.err, m.end, &p.stderr)
	if !s.reading {
		s.read()
	}
	go p.feed(text, cmd.Stdin)
	go func() {
		defer b.running.Done()
		defer release()
		p.supervise(ctx)
	}()
	return p, nil
}

// shellText is what a shell reads that is to run a command. The shell stays, instead of
// becoming the command, to tell how that ended. Shells read ahead of what they run, by
// block or by byte, but all of what stands between braces before they run any of it:
// once the marks are seen, what comes on stdin is the command's alone.
func shellText(cmd backends.Command, m marks) (string, error) {
	script, err := remote.Script(cmd, m.err)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("{\necho %s$$; (%s); s=$?\necho '%[3]s'$s >&2; echo '%[3]s'$s; exit 0\n}\n", m.out, script, m.end), nil
}

// shell takes a place, and the spare shell or a new one. Both are given back by the
// process.
func (b *backend) shell(ctx context.Context) (*shell, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		<-b.slots
		return nil, backends.ErrClosed
	}
	s := b.takeSpare()
	if s == nil {
		var err error
		if s, err = b.launch(); err != nil {
			<-b.slots
			return nil, fmt.Errorf("%w: %w", backends.ErrLost, err)
		}
	}
	b.running.Add(1)
	return s, nil
}

// takeSpare returns the spare shell when it is there and lives.
func (b *backend) takeSpare() *shell {
	select {
	case s := <-b.spare:
		if !remote.IsClosed(s.Ended) {
			return s
		}
		s.quit()
	default:
	}
	return nil
}

// Close implements backends.Backend.
func (b *backend) Close() error {
	b.mu.Lock()
	b.closed = true
	s := b.takeSpare()
	b.mu.Unlock()
	b.cancel(backends.ErrClosed)
	if s != nil {
		s.leave(b.ctx)
	}
	// Each process is killed within killPatience, and no new one starts.
	b.running.Wait()
	return nil
}
