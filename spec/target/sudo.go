package target

import (
	"bytes"
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

// A dialogue is what happens between our being let in and the first word of a
// shell that runs as another user.
type dialogue struct {
	ctx      context.Context // of the process
	user     string
	password *string
	tries    PasswordTries
	target   string
	account  *account
	// mark begins the lines that we print ourselves, and prompt is how sudo asks.
	mark, prompt []byte
	inner        string // what the user's shell runs
	stdin        *io.PipeWriter
	// endsWithStdin is that of the command.
	endsWithStdin bool
	began         chan struct{} // closed when the user's shell is up
	done          chan struct{} // closed when the process has ended

	mu             sync.Mutex
	stdout, stderr *ear
	prompts        int
	told           bool  // the password
	denied         error // why it was not told
	end            func(heard, accepted bool)
	up             bool
	patience       *time.Timer // ends the input when it fires
}

// feed passes on what is meant for the command, and its end, once the user's shell is up:
// sudo would take it for a password. Only what ends with its input is ended before that.
func (d *dialogue) feed(from io.Reader) {
	if from != nil {
		_, _ = io.Copy(heldBack{d}, from)
	}
	if !d.endsWithStdin {
		d.awaitUp()
	}
	d.stdin.Close()
}

// awaitUp waits until the user's shell is up, or never will be.
func (d *dialogue) awaitUp() {
	select {
	case <-d.began:
	case <-d.done:
	}
}

// heldBack is the input of the command, which takes nothing before the user's shell is
// up.
type heldBack struct{ *dialogue }

func (h heldBack) Write(p []byte) (int, error) {
	h.awaitUp()
	return h.stdin.Write(p)
}

// asked answers sudo's prompt. When it asks again it was not content with the
// answer, and the end of its input ends it: it would take anything else for
// passwords, too. The caller holds mu.
func (d *dialogue) asked() {
	d.prompts++
	if d.prompts > 1 {
		d.stdin.Close()
		return
	}
	if d.tries == nil {
		d.told = true
		go func() { _, _ = io.WriteString(d.stdin, *d.password+"\n") }()
		return
	}
	login := d.login()
	go d.tell(login)
}

// tell tells sudo the password, unless it was refused elsewhere.
func (d *dialogue) tell(login string) {
	end, err := d.tries.Begin(d.ctx, login, d.target)
	d.mu.Lock()
	d.end, d.denied, d.told = end, err, err == nil
	d.mu.Unlock()
	if err != nil {
		d.stdin.Close()
		return
	}
	select {
	case <-d.done:
		d.judge(unheard)
	default:
	}
	_, _ = io.WriteString(d.stdin, *d.password+"\n")
}

// judge says once what sudo thought of the password.
func (d *dialogue) judge(v verdict) {
	d.mu.Lock()
	end := d.end
	d.end = nil
	d.mu.Unlock()
	if end != nil {
		end(v != unheard, v == accepted)
	}
}

func (d *dialogue) isUp() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.up
}

// login is the account that asks for the rights of another. The caller holds mu.
func (d *dialogue) login() string {
	_, account, _ := d.as()
	_, name, _ := strings.Cut(account, " ")
	return name
}

// as is what was asked for the rights of another, by which account, its number before its
// name, and what was said then. The caller holds mu.
func (d *dialogue) as() (by, account string, ok bool) {
	for _, e := range []*ear{d.stderr, d.stdout} {
		if by, account, _, ok = d.announced(e); ok {
			return by, account, true
		}
	}
	return "", "", false
}

// announced is what an ear heard of it, and what came behind.
func (d *dialogue) announced(e *ear) (by, account, words string, ok bool) {
	_, after, said := bytes.Cut(e.heard, d.line(" as "))
	line, words, ended := strings.Cut(string(after), "\n")
	by, account, _ = strings.Cut(line, " ")
	return by, account, words, said && ended
}

// An ear listens to one stream until the user's shell is up.
type ear struct {
	dialogue *dialogue
	w        io.Writer
	up       bool
	heard    []byte
	prompts  int
}

// Write holds back what comes before the user's shell is up.
func (e *ear) Write(p []byte) (int, error) {
	if e.up {
		return e.pass(p)
	}
	d := e.dialogue
	d.mu.Lock()
	defer d.mu.Unlock()
	e.heard = append(e.heard, p...)
	if _, after, ok := bytes.Cut(e.heard, d.line(" up\n")); ok {
		if _, account, ok := d.as(); ok {
			d.account.learn(account)
		}
		if !d.up {
			close(d.began)
		}
		e.up, d.up, e.heard = true, true, nil
		d.patience.Stop()
		if d.end != nil {
			go d.judge(accepted)
		}
		if _, err := e.pass(after); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	if n := d.promptsIn(e.heard); n > e.prompts {
		e.prompts = n
		d.asked()
	}
	if d.patience.Stop(); d.strangePrompt(d.stdout.heard) || d.strangePrompt(d.stderr.heard) {
		d.patience.Reset(patience)
	}
	if over := len(e.heard) - maxNoise; over > 0 && d.prompts == 0 {
		e.heard = append([]byte(nil), e.heard[over:]...)
	}
	return len(p), nil
}

func (e *ear) pass(p []byte) (int, error) {
	if e.w == nil || len(p) == 0 {
		return len(p), nil
	}
	return e.w.Write(p)
}

// line is what a line of our own begins with.
func (d *dialogue) line(word string) []byte { return append(bytes.Clone(d.mark), word...) }

// promptsIn counts the prompts in what was heard, if the last one waits for an
// answer: it stands in the last line, which has no end.
func (d *dialogue) promptsIn(heard []byte) int {
	last := heard[bytes.LastIndexByte(heard, '\n')+1:]
	if len(d.prompt) == 0 || !bytes.Contains(last, d.prompt) {
		return 0
	}
	return bytes.Count(heard, d.prompt)
}

// patience is how long a line that asks for something may stay without an end. A
// warning may be written in pieces, and is followed by more at once.
const patience = 2 * time.Second

// strangePrompt reports whether somebody asks for something else than our prompt
// does: a new password in place of an expired one, or a second factor. That is
// nothing that can be answered, and would be waited for without end.
func (d *dialogue) strangePrompt(heard []byte) bool {
	_, after, ok := bytes.Cut(heard, d.line(" as "))
	last := bytes.TrimSpace(after[bytes.LastIndexByte(after, '\n')+1:])
	ours := len(d.prompt) > 0 && bytes.Contains(last, d.prompt)
	return ok && !ours && len(last) > 0 && bytes.IndexByte([]byte(":?>"), last[len(last)-1]) >= 0
}

// refusal tells why the user's shell never came up; nil where it did, or where
// nobody was even asked. In the latter case what was printed is passed on.
func (d *dialogue) refusal() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up {
		return nil
	}
	r := &RefusedError{User: d.user, Password: d.told, NoPassword: d.denied}
	for _, e := range []*ear{d.stderr, d.stdout} {
		by, account, words, ok := d.announced(e)
		if !ok {
			_, _ = e.pass(e.heard)
			continue
		}
		r.By = by
		_, r.Login, _ = strings.Cut(account, " ")
		r.Words = strings.TrimSpace(r.Words + "\n" + d.words(words))
	}
	if r.By == "" {
		return nil
	}
	return r
}

// words is what sudo said, without the lecture before its prompt and without what
// it was to run.
func (d *dialogue) words(said string) string {
	if len(d.prompt) > 0 {
		parts := strings.Split(said, string(d.prompt))
		said = parts[0]
		if len(parts) > 1 {
			said = parts[1]
		}
		if strings.TrimSpace(said) == "" {
			said = strings.Join(parts, "\n")
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(said, d.inner, "..."))
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
