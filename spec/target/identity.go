package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// maxShells is how many identities of a target have a shell at the same time. sshd
// allows ten sessions a connection, of which commands want some.
const maxShells = 4

// sudo is what a Target knows of asking as other users. It is guarded by the turn
// of its Target.
type sudo struct {
	as       Identity  // who asks where nobody says otherwise
	password *password // what sudo is told
	ask      func(ctx context.Context) (string, error)
	account  *account           // the one that we are let in as
	login    int                // the uid of the account that we are let in as; -1 while it is not known
	worked   bool               // a shell of as has answered
	refused  map[Identity]error // who may not be asked as: a second try may lock an account
	byRoot   map[Identity]bool  // who is asked as by way of root
	recent   []Identity         // who has a shell, the oldest first
}

func newSudo(opt Options) sudo {
	s := sudo{as: opt.As, ask: opt.AskSudoPassword, account: &account{}, login: -1, password: &password{tries: opt.PasswordTries}, refused: map[Identity]error{}, byRoot: map[Identity]bool{}}
	if opt.SudoPassword != "" {
		s.password.learn(opt.SudoPassword)
	}
	return s
}

// As is the identity that is asked as where nobody says otherwise.
func (t *Target) As() Identity { return t.sudo.as }

// plain says each identity in one way.
func (as Identity) plain() Identity {
	switch {
	case !as.Sudo:
		return Identity{}
	case as.User == "root":
		return Identity{Sudo: true}
	}
	return as
}

// effective is the identity that a question is put as: root asks for itself, and
// files that are read without a process are read with all rights. The caller has
// the turn and is connected.
func (t *Target) effective(as Identity) Identity {
	as = as.plain()
	if as.User == "" && (t.sudo.login == 0 || t.noProcess != nil) {
		return Identity{}
	}
	return as
}

// backendAs starts processes as an identity. The caller has the turn.
func (t *Target) backendAs(as Identity) backends.Backend {
	if as = t.effective(as); !as.Sudo {
		return t.backend
	}
	user := as.User
	if user == "" {
		user = "root"
	}
	return &elevated{
		backend: t.backend, user: user, byRoot: t.sudo.byRoot[as],
		password: t.sudo.password, account: t.sudo.account, target: t.String(),
	}
}

// systemAs is the system as an identity sees it: its uid is that of the identity.
func (t *Target) systemAs(as Identity) System {
	sys := *t.system
	if s := t.shells[t.effective(as)]; s != nil {
		sys.UID = s.uid
	}
	return sys
}

// wantsPassword reports whether an error is that of sudo without a password, and one
// may be had.
func (t *Target) wantsPassword(err error) bool {
	var r *RefusedError
	return t.sudo.ask != nil && t.sudo.password.mayBeAsked() && errors.As(err, &r) && r.wantsPassword()
}

// askPassword asks for the password that sudo wants, which may take as long as it
// takes a person to type it. It returns the refusal, with the reason, where there
// is none.
func (t *Target) askPassword(ctx context.Context, refused error) error {
	text, err := t.sudo.ask(ctx)
	if err == nil {
		t.sudo.password.learn(text)
		return nil
	}
	var r *RefusedError
	if !errors.As(refused, &r) {
		return err
	}
	c := *r
	c.NoPassword = err
	return &c
}

// noShellAs makes the error of an identity that gets no shell: where the whole
// target is to be asked as it, the target is unreachable; else a single question
// could not be told.
func (t *Target) noShellAs(ctx context.Context, as Identity, err error) error {
	var refused *RefusedError
	var advice string
	tried := "start sh"
	if errors.As(err, &refused) {
		advice = refused.advice()
		tried = refused.By
		if refused.Password || t.sudo.password.refusal() != nil {
			t.sudo.refused[as] = err
		}
	}
	target := as == t.effective(t.sudo.as)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, backends.ErrLost), target && !as.Sudo:
		return t.unusable(ctx, tried, err)
	case target && !t.sudo.worked:
		return t.setDead(&backends.UnreachableError{Target: t.String(), Tried: tried, Err: err, Advice: advice})
	}
	e := evidence.Evidence{Target: t.String(), Unknown: true}
	return &evidence.Unknown{Evidence: e, Reason: evidence.Clean(err.Error()), Advice: advice, Err: err}
}

// opened keeps the shell of an identity, and ends the oldest of others where there
// are too many. The caller has the turn.
func (t *Target) opened(as Identity, s *shell) {
	t.usable = true
	own := t.effective(t.sudo.as)
	t.sudo.worked = t.sudo.worked || as == own
	t.shells[as] = s
	t.sudo.recent = append(slices.DeleteFunc(t.sudo.recent, func(i Identity) bool { return i == as || t.shells[i] == nil }), as)
	if len(t.sudo.recent) <= maxShells {
		return
	}
	for _, old := range t.sudo.recent {
		if old != as && old != own {
			t.ending.Go(t.shells[old].close)
			delete(t.shells, old)
			return
		}
	}
}

// IdentityOf is who a target is asked as: what its URI says, else HOSTSPEC_SUDO.
func IdentityOf(uri *backends.URI) (Identity, error) {
	as := Identity{Sudo: uri.Sudo, User: uri.SudoUser}
	text := os.Getenv("HOSTSPEC_SUDO")
	if text == "" {
		return as, nil
	}
	sudo, err := strconv.ParseBool(text)
	if err != nil {
		return as, fmt.Errorf("HOSTSPEC_SUDO=%s: want true or false", text)
	}
	as.Sudo = as.Sudo || sudo && !uri.NoSudo
	return as, nil
}
