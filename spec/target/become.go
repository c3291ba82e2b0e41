package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/backends"
)

// PasswordTries remembers what sudo said of the password. It serves several targets,
// behind which there may be one directory that counts wrong passwords and locks an
// account. Its methods are safe for concurrent use.
type PasswordTries interface {
	// Begin is called before sudo on a target is told the password of an account. It
	// waits while another target finds out whether the password is right, and returns
	// an error where it is not to be told. The caller calls end when sudo has said whether
	// it accepts the password, or with heard false when it has not.
	Begin(ctx context.Context, login, target string) (end func(heard, accepted bool), err error)
	// Refused returns the accounts whose password is not to be told on a target, and
	// why not.
	Refused(ctx context.Context, target string) map[string]error
}

// A verdict is what sudo said of a password.
type verdict int

const (
	unheard verdict = iota
	accepted
	wrong
)

// become opens a shell as an identity, by way of root where sudo lets the account ask
// as root alone.
func (t *Target) become(ctx context.Context, as Identity) (*shell, Output, error) {
	s, o, err := t.open(ctx, as)
	if !t.mayGoByRoot(as, err) {
		return s, o, t.explain(ctx, err)
	}
	t.sudo.byRoot[as] = true
	s, o, byRoot := t.open(ctx, as)
	if byRoot == nil {
		return s, o, nil
	}
	delete(t.sudo.byRoot, as)
	if errors.Is(byRoot, backends.ErrLost) || ctx.Err() != nil {
		return nil, Output{}, byRoot
	}
	return nil, Output{}, t.explain(ctx, err)
}

// A password is what sudo is told, if it is known. The same one is wanted whoever is to
// be asked as, that of the account that the target is reached with: once it was
// refused it is not told again. A nil password is never known.
type password struct {
	tries PasswordTries // may be nil

	mu    sync.Mutex
	text  *string
	wrong *RefusedError
}

func (p *password) learn(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = &text
}

// known returns the password, or nil where there is none to tell.
func (p *password) known() *string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong != nil {
		return nil
	}
	return p.text
}

// mayBeAsked reports whether a person may be asked for the password.
func (p *password) mayBeAsked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text == nil
}

// refusal is how the password was refused, or nil.
func (p *password) refusal() *RefusedError {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
}

// refuse takes note of a refusal.
func (p *password) refuse(r *RefusedError) {
	if p == nil || r.verdict() != wrong {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong == nil {
		p.wrong = r
	}
}

// elsewhere returns the accounts whose password other targets have refused.
func (p *password) elsewhere(ctx context.Context, target string) map[string]error {
	if p == nil || p.tries == nil {
		return nil
	}
	return p.tries.Refused(ctx, target)
}

// explain adds to the refusal of an account without a password why it was told none.
func (t *Target) explain(ctx context.Context, err error) error {
	var r *RefusedError
	if !errors.As(err, &r) || !r.wantsPassword() || r.NoPassword != nil {
		return err
	}
	c := *r
	if w := t.sudo.password.refusal(); w != nil {
		c.Words, c.Password = w.Words, true
		c.NoPassword = fmt.Errorf("it was told once, when %s was to be asked as: a second time might lock the account", w.User)
		return &c
	}
	if c.NoPassword = t.sudo.password.elsewhere(ctx, t.String())[r.Login]; c.NoPassword == nil {
		return err
	}
	return &c
}

// mayGoByRoot reports whether an account that was refused may still be let in as root,
// who can become the identity.
func (t *Target) mayGoByRoot(as Identity, err error) bool {
	var r *RefusedError
	if as.User == "" || t.sudo.byRoot[as] || t.sudo.refused[Identity{Sudo: true}] != nil || !errors.As(err, &r) {
		return false
	}
	return (r.By == "sudo" || r.By == "doas") && (r.says("is not allowed to execute", "afraid I can't do that", "not permitted") ||
		r.wantsPassword() || r.says("uthentication required") || r.Password && r.verdict() == wrong)
}

// says reports whether one of these words is among those of the refusal.
func (e *RefusedError) says(words ...string) bool {
	for _, w := range words {
		if strings.Contains(e.Words, w) {
			return true
		}
	}
	return false
}

// verdict is what sudo thinks of the password that it was told: it was content with
// it where it says that the account lacks a right.
func (e *RefusedError) verdict() verdict {
	switch {
	case !e.Password:
		return unheard
	case e.says("is not allowed to", "is not in the sudoers file", "may not run sudo"):
		return accepted
	}
	return wrong
}

// asRoot is what root runs to become the user $u who runs $c.
const asRoot = `if command -v runuser >/dev/null; then exec runuser -s /bin/sh -c "$c" -- "$u"
elif command -v su >/dev/null; then exec su -s /bin/sh -c "$c" -- "$u"
elif command -v sudo >/dev/null; then exec sudo -n -u "$u" -- sh -c "$c"
elif command -v doas >/dev/null; then exec doas -n -u "$u" -- sh -c "$c"
fi
echo "none of runuser, su, sudo and doas is installed there" >&2
exit 1`
