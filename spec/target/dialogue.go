package target

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"
)

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
