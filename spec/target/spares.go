package target

import (
	"context"
	"errors"
	"slices"
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

// Expect says how many commands are going to be run as an identity, so that shells
// for them are opened while something else is waited for.
func (t *Target) Expect(as Identity, commands int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected[as.plain()] = commands
}

// openSpares opens shells for the commands to come, as an identity that has a shell.
// The caller has the turn.
func (t *Target) openSpares(ctx context.Context, as Identity) {
	as = t.effective(as)
	b := t.backendAs(as)
	if _, ok := b.(backends.Runner); ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	wanted, mine := 0, 0
	for other, commands := range t.expected {
		if t.effective(other) == as {
			wanted += commands
		}
	}
	for _, sp := range t.spares {
		if sp.as == as {
			mine++
		}
	}
	for ; mine < wanted && len(t.spares) < maxSpares && !t.closed; mine++ {
		sp := &spare{as: as, opened: make(chan struct{})}
		t.spares = append(t.spares, sp)
		life := context.WithoutCancel(ctx)
		t.ending.Go(func() {
			defer close(sp.opened)
			limited, cancel := context.WithTimeoutCause(life, t.timeout, errDeadline)
			defer cancel()
			sp.shell, sp.err = openOnce(limited, b)
		})
	}
}

// dropSpares ends the shells that wait for commands.
func (t *Target) dropSpares() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sp := range t.spares {
		t.ending.Go(func() {
			<-sp.opened
			if sp.err == nil {
				sp.shell.kill()
			}
		})
	}
	t.spares = nil
}

// takeSpare returns a living spare, waiting for one that is just being opened.
func (t *Target) takeSpare(ctx context.Context, as Identity) *shell {
	for {
		t.mu.Lock()
		i := slices.IndexFunc(t.spares, func(sp *spare) bool { return sp.as == as })
		if i < 0 {
			t.mu.Unlock()
			return nil
		}
		sp := t.spares[i]
		t.spares = slices.Delete(t.spares, i, i+1)
		t.mu.Unlock()
		select {
		case <-sp.opened:
		case <-ctx.Done():
			t.ending.Go(func() {
				<-sp.opened
				if sp.err == nil {
					sp.shell.kill()
				}
			})
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
	t.mu.Lock()
	t.expected[as.plain()] = max(0, t.expected[as.plain()]-1)
	t.mu.Unlock()
	as = t.effective(as)
	connection, b := t.backend, t.backendAs(as)
	t.openSpares(ctx, as)
	// The turn is given back before the command runs: commands run side by side.
	t.give()
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	if s := t.takeSpare(limited, as); s != nil {
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
