package target

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// maxSpares is how many shells wait for commands. sshd allows ten sessions a
// connection.
const maxSpares = 3

// A spare is a shell that nothing was asked of yet, opened ahead of the command
// it is for: over SSH that takes two round trips off each command.
type spare struct {
	as     Identity
	opened chan struct{} // closed when what follows is set
	shell  *shell
	err    error
}

// spares are the shells that wait for commands, and how many of those are to come. The
// methods are safe for concurrent use; the zero value has none.
type spares struct {
	mu       sync.Mutex
	waiting  []*spare
	expected map[Identity]int
	closed   bool
	// ending are goroutines that open or end shells.
	ending sync.WaitGroup
}

// expect says how many commands are to come as an account.
func (p *spares) expect(as Identity, commands int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.expected == nil {
		p.expected = map[Identity]int{}
	}
	p.expected[as] = commands
}

// come says that one of the commands that were expected has come.
func (p *spares) come(as Identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.expected[as] > 0 {
		p.expected[as]--
	}
}

// open opens shells for the commands to come as an account, each by the given function.
// effective is the account that another one comes to.
func (p *spares) open(as Identity, effective func(Identity) Identity, open func() (*shell, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted, mine := 0, 0
	for other, commands := range p.expected {
		if effective(other) == as {
			wanted += commands
		}
	}
	for _, sp := range p.waiting {
		if sp.as == as {
			mine++
		}
	}
	for ; mine < wanted && len(p.waiting) < maxSpares && !p.closed; mine++ {
		sp := &spare{as: as, opened: make(chan struct{})}
		p.waiting = append(p.waiting, sp)
		p.ending.Go(func() {
			defer close(sp.opened)
			sp.shell, sp.err = open()
		})
	}
}

// drop ends the shells that wait for commands.
func (p *spares) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sp := range p.waiting {
		p.end(sp)
	}
	p.waiting = nil
}

// end ends a shell as soon as it is open.
func (p *spares) end(sp *spare) {
	p.ending.Go(func() {
		<-sp.opened
		if sp.err == nil {
			sp.shell.kill()
		}
	})
}

// close drops the shells, and has none opened any more.
func (p *spares) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.drop()
}

// take returns a living shell, waiting for one that is just being opened; nil where there
// is none.
func (p *spares) take(ctx context.Context, as Identity) *shell {
	for {
		p.mu.Lock()
		i := slices.IndexFunc(p.waiting, func(sp *spare) bool { return sp.as == as })
		if i < 0 {
			p.mu.Unlock()
			return nil
		}
		sp := p.waiting[i]
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.mu.Unlock()
		select {
		case <-sp.opened:
		case <-ctx.Done():
			p.end(sp)
			return nil
		}
		if sp.err != nil {
			continue
		}
		select {
		case <-sp.shell.done: // it died while it waited
		default:
			return sp.shell
		}
	}
}

// Expect says how many commands are going to be run as an identity, so that shells
// for them are opened while something else is waited for.
func (t *Target) Expect(as Identity, commands int) { t.spares.expect(as.plain(), commands) }

// openSpares opens shells for the commands to come, as an identity that has a shell.
// The caller has the turn.
func (t *Target) openSpares(ctx context.Context, as Identity) {
	as = t.effective(as)
	b := t.backendAs(as)
	if _, ok := b.(backends.Runner); ok {
		return
	}
	life := context.WithoutCancel(ctx)
	t.spares.open(as, t.effective, func() (*shell, error) {
		limited, cancel := context.WithTimeoutCause(life, t.timeout, errDeadline)
		defer cancel()
		return openOnce(limited, b)
	})
}

// commandShell returns a shell of its own for one command, within the time that the
// command itself may take.
func (t *Target) commandShell(ctx context.Context, as Identity, timeout time.Duration) (*shell, error) {
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	if _, err := t.shell(ctx, as); err != nil {
		t.give()
		return nil, err
	}
	t.spares.come(as.plain())
	as = t.effective(as)
	connection, b := t.backend, t.backendAs(as)
	t.openSpares(ctx, as)
	// The turn is given back before the command runs: commands run side by side.
	t.give()
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	if s := t.spares.take(limited, as); s != nil {
		return s, nil
	}
	s, err := openOnce(limited, b)
	if errors.Is(err, backends.ErrLost) {
		s, err = t.reopen(limited, as, connection)
	}
	if err != nil {
		var dead *evidence.Unknown
		var unreachable *backends.UnreachableError
		if errors.As(err, &dead) || errors.As(err, &unreachable) {
			return nil, err
		}
		return nil, t.unknown(evidence.Evidence{}, "", err).err
	}
	return s, nil
}

// reopen connects again after the connection was lost before a command was sent.
func (t *Target) reopen(ctx context.Context, as Identity, lost backends.Backend) (*shell, error) {
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	defer t.give()
	if t.backend == lost {
		t.hangUp()
	}
	if _, err := t.shell(ctx, as); err != nil {
		return nil, err
	}
	return openOnce(ctx, t.backendAs(as))
}
