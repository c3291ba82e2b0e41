package target

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// elevated is a decorator of any backend. What it starts runs as another user of the
// target: by sudo, by doas where there is no sudo, and by what root has for it. There is
// never a terminal, and messages are in the C locale.
//
// It cannot kill: when the context ends, a process of another user goes on that does not
// end with its input or with the connection, since the account may not kill it and su
// gives it a process group of its own. So what may hang has to end with its input. Of the
// optional interfaces it has none, since it does nothing but start processes; those about
// the connection are found by backends.As.
//
// The password is written only in answer to our own prompt, a word that is never
// used twice. Where no password is wanted, one that was sent ahead would be run by
// the shell as a command, and told in its error.
type elevated struct {
	backend backends.Backend
	// user is who to be.
	user string
	// byRoot becomes root first, who then becomes the user.
	byRoot bool
	// password is what sudo is told when it asks; where it is not known, sudo is not
	// to ask.
	password *password
	account  *account
	target   string // for people
}

var _ backends.Decorator = (*elevated)(nil)

// Unwrap implements backends.Decorator.
func (e *elevated) Unwrap() backends.Backend { return e.backend }

// Close implements backends.Backend.
func (e *elevated) Close() error { return e.backend.Close() }

// An account is who the target is reached with, once it is known. A nil account
// is never known.
type account struct {
	mu   sync.Mutex
	text string // its number and its name
}

// learn takes note of the account.
func (a *account) learn(text string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.text = text
}

// script is shell text that sets i and n to its number and its name.
func (a *account) script() string {
	text := ""
	if a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		text = a.text
	}
	if i, n, ok := strings.Cut(text, " "); ok && i != "" && n != "" {
		return "i=" + backends.Quote(i) + "; n=" + backends.Quote(n) + "\n"
	}
	return "i=$(" + askUID + "); n=$(id -un 2>/dev/null)\n"
}

// become is run by the account that we are let in as, and decides how to become
// the user $u who runs $c. $h is the mark of the dialogue, $p the prompt, and $q the
// accounts without a password, a colon around each. $i and $n are the account's own.
const become = `become() { echo "$h as $1 $i $n"; echo "$h as $1 $i $n" >&2; shift; exec "$@"; }
has() { command -v "$1" >/dev/null; }
case $q in *":$n:"*) p=;; esac
if [ "$n" = "$u" ] || { [ "$u" = root ] && [ "$i" = 0 ]; }; then become sh sh -c "$c"
elif [ "$i" = 0 ] && has runuser; then become runuser runuser -s /bin/sh -c "$c" -- "$u"
elif [ "$i" = 0 ] && has su; then become su su -s /bin/sh -c "$c" -- "$u"
elif has sudo && [ "$p" ]; then become sudo sudo -S -p "$p" -u "$u" -- sh -c "$c"
elif has sudo; then become sudo sudo -n -u "$u" -- sh -c "$c"
elif has doas; then become doas doas -n -u "$u" -- sh -c "$c"
fi
h="$h as none $i $n"; echo "$h"; echo "$h" >&2
if [ "$i" = 0 ]; then echo "none of runuser, su, sudo and doas is installed there"
else echo "neither sudo nor doas is installed there"; fi >&2
exit 1`

// nothing stands for sudo and the like where there is none of them.
const nothing = "none"

// Start implements backends.Backend. A process that could not be started as the
// user ends with a *RefusedError.
func (e *elevated) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	run, from, err := elevate(cmd)
	if err != nil {
		return nil, err
	}
	head, tail := rand.Text(), rand.Text()
	d := &dialogue{ctx: ctx, user: e.user, password: e.password.known(), target: e.target, mark: []byte(head + tail), account: e.account, endsWithStdin: cmd.EndsWithStdin}
	prompt, without := "", ":"
	if d.password != nil {
		d.tries = e.password.tries
		prompt = rand.Text()
		d.prompt = []byte(prompt)
		for login := range e.password.elsewhere(ctx, e.target) {
			without += login + ":"
		}
	}
	// The two halves of the mark meet only in the output.
	mark := "h=" + head + "; h=${h}" + tail + "; "
	// The user may not be allowed to enter the directory of the account.
	d.inner = environment + mark + `cd . 2>/dev/null || cd /; echo "$h up"; echo "$h up" >&2; ` + run
	first := e.user
	if e.byRoot {
		first = "root"
		d.inner = "u=" + backends.Quote(e.user) + "; c=" + backends.Quote(d.inner) + "\n" + asRoot
	}
	// A shell that traces what it does would show the prompt.
	text := environment + mark + "set +xv; u=" + backends.Quote(first) + "; p=" + backends.Quote(prompt) + "; q=" + backends.Quote(without) +
		"; c=" + backends.Quote(d.inner) + "\n" + e.account.script() + become
	r, w := io.Pipe()
	d.stdin, d.began, d.done = w, make(chan struct{}), make(chan struct{})
	d.patience = time.AfterFunc(time.Hour, func() { w.Close() })
	d.patience.Stop()
	d.stdout, d.stderr = &ear{dialogue: d, w: cmd.Stdout}, &ear{dialogue: d, w: cmd.Stderr}
	p, err := e.backend.Start(ctx, backends.Command{
		Args: []string{"sh", "-c", text}, Stdin: r, EndsWithStdin: cmd.EndsWithStdin, Stdout: d.stdout, Stderr: d.stderr,
	})
	if err != nil {
		return nil, err
	}
	go d.feed(from)
	return &elevatedProcess{Process: p, dialogue: d, stdin: r, password: e.password}, nil
}

// mostInArgument is how long shell text may be that becomes part of an argument: quoted
// twice it is to stay below what Linux takes as one word, 128 KiB.
const mostInArgument = 8 << 10

// elevate returns what the user's shell runs to become the command, and what it reads.
func elevate(cmd backends.Command) (run string, stdin io.Reader, err error) {
	if text, is := backends.OwnShell(cmd); is {
		return strings.TrimPrefix(text, environment), cmd.Stdin, backends.CheckCommand(cmd)
	}
	if run, err = backends.ShellText(cmd); err != nil || len(run) <= mostInArgument {
		return run, cmd.Stdin, err
	}
	run, ahead := backends.ByInput(run)
	if cmd.Stdin == nil {
		return run, strings.NewReader(ahead), nil
	}
	return run, io.MultiReader(strings.NewReader(ahead), cmd.Stdin), nil
}

type elevatedProcess struct {
	backends.Process
	dialogue *dialogue
	stdin    *io.PipeReader
	password *password
}

func (p *elevatedProcess) Wait() (backends.Status, error) {
	status, err := p.Process.Wait()
	p.stdin.CloseWithError(io.ErrClosedPipe)
	close(p.dialogue.done)
	p.dialogue.patience.Stop()
	defer p.dialogue.judge(unheard)
	if p.dialogue.isUp() {
		p.dialogue.judge(accepted)
	}
	var none *backends.NoStatusError
	if err == nil || errors.As(err, &none) {
		if refused := p.dialogue.refusal(); refused != nil {
			var r *RefusedError
			if errors.As(refused, &r) {
				p.password.refuse(r)
				p.dialogue.judge(r.verdict())
			}
			return status, refused
		}
	}
	return status, err
}

// A RefusedError says that an account of the target may not ask as another.
type RefusedError struct {
	// Login is the account that the target is reached with, User who was to be
	// asked as.
	Login, User string
	// By is what was asked for it: sudo, doas, runuser or su; "none" where there is
	// nothing to ask.
	By string
	// Words are its own.
	Words string
	// Password says that it was given a password, and NoPassword why there was none
	// to give, where somebody was asked for it.
	Password   bool
	NoPassword error
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("%s cannot ask as %s", e.Login, e.User)
	if e.By != nothing {
		s += " by " + e.By
	}
	if e.Password {
		s += ", with the password it was given"
	}
	if e.Words == "" {
		s += ": it said nothing"
	} else {
		s += ": " + excerpt(e.Words)
	}
	if e.NoPassword != nil {
		s += "\n" + e.NoPassword.Error()
	}
	return s
}

// Unwrap returns why there was no password.
func (e *RefusedError) Unwrap() error { return e.NoPassword }

// wantsPassword reports whether a password would help. These are the words of sudo
// and of sudo-rs.
func (e *RefusedError) wantsPassword() bool {
	return e.By == "sudo" && !e.Password &&
		(strings.Contains(e.Words, "password is required") || strings.Contains(e.Words, "authentication is required"))
}

// advice is what the reader can do.
func (e *RefusedError) advice() string {
	switch {
	case e.NoPassword != nil:
	case e.wantsPassword():
		return "set HOSTSPEC_SUDO_PASSWORD or HOSTSPEC_SUDO_PASSWORD_COMMAND, or let sudoers(5) ask for none (NOPASSWD)"
	case e.By == "doas":
		return "doas takes no password without a terminal: let doas.conf(5) ask for none (nopass), or install sudo"
	case e.By == nothing:
		return "install sudo there, or reach the target as " + e.User
	}
	return ""
}
