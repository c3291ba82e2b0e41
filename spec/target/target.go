// Package target is a connected target: what system it is, the shell that stays
// open on it, and the facts that were asked of it.
//
// The cost of an agentless check is the round trip. So facts are asked for in
// the plural: a Kind knows how to ask about all the names wanted in one script,
// and a Target joins the scripts of all kinds into one exchange with its shell.
// Whoever asks through a View with an Epoch shares the answers of that epoch.
//
// Nothing here changes a target, and nothing is guessed: what could not be told
// is an *evidence.Unknown, and a target that cannot be used at all is a
// *backends.UnreachableError.
package target

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// DefaultTimeout bounds one question, and one command of an author.
const DefaultTimeout = 60 * time.Second

// An Identity is an account of a target to ask as. The zero value is the one
// that the target is reached with.
type Identity struct {
	// Sudo asks for another user's rights; User is that user, root when empty.
	Sudo bool
	User string
}

// Options are what a Target needs beside its URI. The zero value works.
type Options struct {
	// Open, unless nil, is called to connect in place of the driver of the URI's scheme.
	Open func(ctx context.Context) (backends.Backend, error)
	// Timeout bounds one question; 0 means that of the URI, else DefaultTimeout.
	Timeout time.Duration
	// As is the account that the target is asked as where nobody says otherwise. The
	// target is unreachable when that account may not be asked as.
	As Identity
	// SudoPassword is what sudo is told when it wants a password. Where it is empty,
	// AskSudoPassword, unless nil, is called when sudo wants one, at most once.
	SudoPassword    string
	AskSudoPassword func(ctx context.Context) (string, error)
	// PasswordTries, unless nil, remembers for several targets what sudo said of the
	// password.
	PasswordTries PasswordTries
}

// A Target is one machine, container or image that specs are run against. It
// connects when it is first asked, and once more when the connection is lost.
// Its methods are safe for concurrent use.
type Target struct {
	uri     *backends.URI
	dial    func(ctx context.Context) (backends.Backend, error)
	timeout time.Duration
	sudo    sudo

	// turn is held by whoever uses the shells or the connection; a channel,
	// so that waiting for it ends with a context.
	turn chan struct{}
	// What follows is guarded by turn.
	backend backends.Backend
	shells  map[Identity]*shell
	system  *System
	usable  bool // a shell has answered, or files were read
	// noProcess is why no process can be started there, or nil.
	noProcess error

	cache  cache
	spares spares

	mu     sync.Mutex
	dead   error // why the target cannot be used any more
	closed bool
	stats  Stats
	notes  []string
	// ending are goroutines that end shells.
	ending sync.WaitGroup
}

// Stats counts what a Target has cost.
type Stats struct {
	// Connections is how often it was connected to.
	Connections int
	// Exchanges is how often its shell was asked, the greeting included.
	Exchanges int
	// Commands is how many commands of authors were run.
	Commands int
}

// New returns the Target of a URI. It connects to nothing yet.
func New(uri *backends.URI, opt Options) *Target {
	t := &Target{
		uri: uri, dial: opt.Open, timeout: opt.Timeout, sudo: newSudo(opt),
		turn:   make(chan struct{}, 1),
		shells: map[Identity]*shell{},
	}
	if t.dial == nil {
		t.dial = uri.Open
	}
	if t.timeout == 0 {
		t.timeout = uri.Timeout
	}
	if t.timeout == 0 {
		t.timeout = DefaultTimeout
	}
	return t
}

// String names the target for people.
func (t *Target) String() string { return t.uri.String() }

// Notes are what reports are to tell, once, about the way to the target.
func (t *Target) Notes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.notes)
}

// note keeps what a backend that was just opened has to say.
func (t *Target) note(b backends.Backend) {
	n, ok := backends.As[backends.Noter](b)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, text := range n.Notes() {
		if text = evidence.Clean(text); !slices.Contains(t.notes, text) {
			t.notes = append(t.notes, text)
		}
	}
}

// Stats returns what the target has cost so far.
func (t *Target) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

func (t *Target) count(f func(*Stats)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.stats)
}

// Dead returns why the target cannot be used, or nil while nothing is known
// against it.
func (t *Target) Dead() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return backends.ErrClosed
	}
	return t.dead
}

func (t *Target) setDead(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead == nil {
		t.dead = err
	}
	return t.dead
}

// take waits for its turn to use the connection.
func (t *Target) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := t.Dead(); err != nil {
		t.give()
		return err
	}
	return nil
}

func (t *Target) give() { <-t.turn }

// connect opens the backend if it is not open. The caller has the turn.
func (t *Target) connect(ctx context.Context) error {
	if t.backend != nil {
		return nil
	}
	opening := ctx
	if t.usable {
		opening = backends.Reconnect(ctx)
	}
	b, err := t.dial(opening)
	if err != nil {
		return t.unusable(ctx, "", err)
	}
	t.backend = b
	t.note(b)
	t.count(func(s *Stats) { s.Connections++ })
	if limited, ok := backends.As[backends.Limited](b); ok {
		t.noProcess = limited.NoProcess()
	}
	switch {
	case t.noProcess != nil:
		return t.connectOffline(ctx)
	case t.system == nil:
		t.system = t.readSystem(ctx, b)
		if t.system != nil {
			t.sudo.login = t.system.UID
		}
	}
	return nil
}

// unusable remembers that the target cannot be used, unless it was the caller
// who gave up.
func (t *Target) unusable(ctx context.Context, tried string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t.usable {
		return t.setDead(&evidence.Unknown{
			Evidence: evidence.Evidence{Target: t.String(), Unknown: true},
			Reason:   "the connection was lost and could not be restored: " + evidence.Clean(err.Error()),
			Err:      err,
		})
	}
	var unreachable *backends.UnreachableError
	if !errors.As(err, &unreachable) {
		err = &backends.UnreachableError{Target: t.String(), Tried: tried, Err: err}
	}
	return t.setDead(err)
}

// shell returns the open shell of an identity. The caller has the turn.
func (t *Target) shell(ctx context.Context, as Identity) (*shell, error) {
	for again, asked := false, false; ; {
		if err := t.connect(ctx); err != nil {
			return nil, err
		}
		as = t.effective(as)
		if s := t.shells[as]; s != nil {
			return s, nil
		}
		if t.noProcess != nil {
			return nil, t.processless(as).err
		}
		if err := t.sudo.refused[as]; err != nil {
			return nil, t.noShellAs(ctx, as, err)
		}
		s, greeted, err := t.become(ctx, as)
		switch {
		case errors.Is(err, backends.ErrLost) && !again:
			again = true
			t.hangUp()
			continue
		case t.wantsPassword(err) && !asked:
			asked = true
			if err = t.askPassword(ctx, err); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, t.noShellAs(ctx, as, err)
		}
		t.count(func(s *Stats) { s.Exchanges++ })
		if err := t.greeted(as, s, greeted); err != nil {
			s.close()
			return nil, t.noShellAs(ctx, as, err)
		}
		t.opened(as, s)
		return s, nil
	}
}

// open starts a shell as an identity and greets it: for the system where that is
// not known, else for the user where that is not known.
func (t *Target) open(ctx context.Context, as Identity) (*shell, Output, error) {
	limited, cancel := context.WithTimeoutCause(ctx, t.timeout, errDeadline)
	defer cancel()
	words := askUID
	switch {
	case t.system == nil:
		words = greeting
	case !as.Sudo && t.sudo.login >= 0:
		words = ":"
	}
	return openShell(limited, t.backendAs(as), words)
}

// greeted reads what a new shell answered.
func (t *Target) greeted(as Identity, s *shell, o Output) (err error) {
	switch {
	case t.system == nil:
		sys, err := parseSystem(o)
		if err != nil {
			return err
		}
		t.system, s.uid = &sys, sys.UID
	case !as.Sudo && t.sudo.login >= 0:
		s.uid = t.sudo.login
	default:
		if s.uid, err = strconv.Atoi(strings.TrimSpace(string(o.Stdout))); err != nil {
			return fmt.Errorf("cannot read the answer of id -u: %q %q", excerpt(string(o.Stdout)), excerpt(string(o.Stderr)))
		}
	}
	if !as.Sudo {
		t.sudo.login = s.uid
	}
	return nil
}

// hangUp forgets a connection that was lost. The caller has the turn.
func (t *Target) hangUp() {
	t.spares.drop()
	for as, s := range t.shells {
		s.kill()
		delete(t.shells, as)
	}
	if t.backend != nil {
		_ = t.backend.Close() // it is lost already
		t.backend, t.sudo.account = nil, &account{}
	}
}

// System returns what system the target is.
func (t *Target) System(ctx context.Context) (System, error) {
	if err := t.take(ctx); err != nil {
		return System{}, err
	}
	defer t.give()
	if err := t.connect(ctx); err != nil {
		return System{}, err
	}
	if t.system == nil {
		if _, err := t.shell(ctx, t.sudo.as); err != nil {
			return System{}, err
		}
	}
	return *t.system, nil
}

// Close ends everything that was started on the target and the connection. It
// may be called more than once.
func (t *Target) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	t.turn <- struct{}{}
	defer t.give()
	t.spares.close()
	for as, s := range t.shells {
		s.kill()
		delete(t.shells, as)
	}
	ended := make(chan struct{})
	go func() {
		t.ending.Wait()
		t.spares.ending.Wait()
		close(ended)
	}()
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-ended:
	case <-grace.C: // closing the connection ends what is left
	}
	var err error
	if t.backend != nil {
		err = t.backend.Close()
	}
	<-ended
	if err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}
