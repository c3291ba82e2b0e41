package password

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Behind several targets there may be one directory, which counts wrong passwords and
// locks an account. So the password is told for an account on one target first; while
// nobody has accepted it, one refusal is the answer for all targets.

// tries is what is known of the password. The zero value knows nothing.
type tries struct {
	mu     sync.Mutex
	logins map[string]*account
}

// An account is a login name, on whatever target.
type account struct {
	busy     bool // a target finds out just now
	accepted bool // by some target
	by       string
	refused  map[string]bool // the targets that refused it
}

// A claim is the answer to whether the password may be told.
type claim string

const (
	granted claim = "granted"
	wait    claim = "wait"
	denied  claim = "denied"
)

func (t *tries) account(login string) *account {
	if t.logins == nil {
		t.logins = map[string]*account{}
	}
	a := t.logins[login]
	if a == nil {
		a = &account{refused: map[string]bool{}}
		t.logins[login] = a
	}
	return a
}

// why says why the password is not told on a target, or nothing.
func (a *account) why(login, target string) string {
	if !a.refused[target] && (a.accepted || a.by == "") {
		return ""
	}
	by := a.by
	if a.refused[target] {
		by = target
	}
	return fmt.Sprintf("the password at hand was refused for %s on %s, and is not told again in this run, which may lock the account", login, by)
}

func (t *tries) claim(login, target string) (claim, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.account(login)
	switch why := a.why(login, target); {
	case why != "":
		return denied, why
	case a.accepted:
		return granted, ""
	case a.busy:
		return wait, ""
	}
	a.busy = true
	return granted, ""
}

func (t *tries) settle(login, target string, heard, accepted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.account(login)
	a.busy = false
	switch {
	case heard && accepted:
		a.accepted = true
	case heard:
		a.refused[target] = true
		if a.by == "" {
			a.by = target
		}
	}
}

func (t *tries) refused(target string) map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]string{}
	for login, a := range t.logins {
		if why := a.why(login, target); why != "" {
			all[login] = why
		}
	}
	return all
}

// poll is how often it is looked whether another target has found out.
const poll = 20 * time.Millisecond

// Begin waits until the password may be told to sudo for an account of a target, and
// returns an error where it may not. The caller calls end when that is known to be
// accepted or not, or with heard false when it never will be.
func (s *Source) Begin(ctx context.Context, login, target string) (end func(heard, accepted bool), err error) {
	for {
		c, why, err := s.claim(ctx, login, target)
		switch {
		case err != nil:
			return nil, err
		case c == denied:
			return nil, fmt.Errorf("%s", why)
		case c == granted:
			return func(heard, accepted bool) { s.settle(context.WithoutCancel(ctx), login, target, heard, accepted) }, nil
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (s *Source) claim(ctx context.Context, login, target string) (claim, string, error) {
	if s.parent == nil {
		c, why := s.tries.claim(login, target)
		return c, why, nil
	}
	a, err := s.parent.call(ctx, request{Op: opClaim, Login: login, Target: target})
	return a.Claim, a.Error, err
}

// settle tells whoever keeps count. Where that is a parent that has gone, nobody is left
// who would want to know.
func (s *Source) settle(ctx context.Context, login, target string, heard, accepted bool) {
	if s.parent == nil {
		s.tries.settle(login, target, heard, accepted)
		return
	}
	_, _ = s.parent.call(ctx, request{Op: opSettle, Login: login, Target: target, Heard: heard, Accepted: accepted})
}

// Refused returns the accounts for which the password is not to be told on a target, and
// why not.
func (s *Source) Refused(ctx context.Context, target string) map[string]error {
	var all map[string]string
	if s.parent == nil {
		all = s.tries.refused(target)
	} else if a, err := s.parent.call(ctx, request{Op: opRefused, Target: target}); err == nil {
		all = a.Refused
	}
	errs := make(map[string]error, len(all))
	for login, why := range all {
		errs[login] = fmt.Errorf("%s", why)
	}
	return errs
}
