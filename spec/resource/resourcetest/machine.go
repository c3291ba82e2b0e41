package resourcetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// A Machine says what a target in memory is and answers. Its zero value is a Debian 12 on
// which every script prints nothing and succeeds.
type Machine struct {
	// OSRelease is its os-release(5).
	OSRelease string
	// UID is the number of the account that it is asked as; 0 is root.
	UID int
	// PID1 is the name of its first process: "systemd" says that systemd runs.
	PID1 string
	// Answer says what comes of a script: of a question, as its Kind composed it, or of
	// the text of a Command. It is called by one goroutine at a time.
	Answer func(script string) Answer
	// Files are its files, for kinds that read files where they can; names in it begin
	// without a slash. Where it is nil, everything is asked of the shell.
	Files fs.FS
}

// An Answer is how a script ended and what it printed.
type Answer struct {
	Stdout, Stderr string
	// Code is the exit code.
	Code int
	// Lost says that the connection was lost in place of an answer.
	Lost bool
}

const debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n"

func (m Machine) open() backends.Backend {
	b := &backend{machine: m}
	if m.Files == nil {
		return b
	}
	return &filesBackend{backend: b, files: m.Files}
}

func (m Machine) answer(script string) Answer {
	if m.Answer == nil {
		return Answer{}
	}
	return m.Answer(script)
}

// greeting is what the machine says of itself, see package target.
func (m Machine) greeting() string {
	release, pid1, inits := m.OSRelease, m.PID1, ""
	if release == "" {
		release = debian
	}
	if pid1 == "" {
		pid1 = "init"
	}
	if pid1 == "systemd" {
		inits = "/run/systemd/system/"
	}
	return fmt.Sprintf("Linux memory 6.1.0 x86_64\n%d\n%s\n%s\n%s", m.UID, pid1, inits, release)
}

// A backend speaks with package target as a POSIX shell would. It reads the scripts that
// package target sends to one, and not the shell language: it is wrong about everything
// else.
type backend struct{ machine Machine }

// Close implements backends.Backend.
func (b *backend) Close() error { return nil }

// bootMark finds the mark that a shell prints before anything else.
var bootMark = regexp.MustCompile(`; set -- (\w+); set -- "\$1"(\w+); echo "\$1"`)

// Start implements backends.Backend.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	mark, err := b.begin(cmd)
	if err != nil {
		return nil, err
	}
	p := &process{ctx: ctx, ended: make(chan error, 1)}
	go func() { p.ended <- b.converse(cmd, mark) }()
	return p, nil
}

// begin prints the mark of a shell.
func (b *backend) begin(cmd backends.Command) (mark string, err error) {
	if len(cmd.Args) != 3 || cmd.Args[0] != "sh" {
		return "", fmt.Errorf("resourcetest: a machine in memory runs sh -c alone, and not %q", cmd.Args)
	}
	words := bootMark.FindStringSubmatch(cmd.Args[2])
	if words == nil {
		return "", fmt.Errorf("resourcetest: not a script of package target: %q", cmd.Args[2])
	}
	mark = words[1] + words[2]
	return mark, print(cmd, mark+"\n", mark+"\n")
}

func print(cmd backends.Command, stdout, stderr string) error {
	if _, err := io.WriteString(cmd.Stdout, stdout); err != nil {
		return err
	}
	_, err := io.WriteString(cmd.Stderr, stderr)
	return err
}

// converse greets, and answers one question after the other until its input ends.
func (b *backend) converse(cmd backends.Command, mark string) error {
	greeting := ""
	switch boot := cmd.Args[2]; {
	case strings.Contains(boot, "uname -snrm"):
		greeting = b.machine.greeting()
	case strings.Contains(boot, "id -u"):
		greeting = fmt.Sprintln(b.machine.UID)
	}
	end := "\n" + mark + " 0 0\n"
	if err := print(cmd, greeting+end, end); err != nil {
		return err
	}
	in := bufio.NewReader(cmd.Stdin)
	for {
		q, err := readQuestion(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		a := b.machine.answer(q.script)
		if a.Lost {
			return backends.ErrLost
		}
		end := fmt.Sprintf("\n%s %s %d\n", q.nonce, q.number, a.Code)
		if err := print(cmd, a.Stdout+end, a.Stderr+end); err != nil {
			return err
		}
	}
}

type question struct{ script, nonce, number string }

// asked matches a question as package target sends it to a shell.
var asked = regexp.MustCompile(`(?s)^(?:hash -r 2>/dev/null\n)?(?:\(|\{ )eval (.*)\n(?:\)|\}) </dev/null; set -- \$\?; echo "\n(\w+) (\d+) \$1"; echo "\n\w+ \d+ \$1" >&2; shift\n$`)

func readQuestion(in *bufio.Reader) (question, error) {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return question{}, err
		}
		text.WriteString(line)
		if !strings.HasSuffix(line, "; shift\n") {
			continue
		}
		if m := asked.FindStringSubmatch(text.String()); m != nil {
			return question{script: unquote(m[1]), nonce: m[2], number: m[3]}, nil
		}
	}
}

// unquote undoes backends.Quote.
func unquote(word string) string {
	var out strings.Builder
	for quote := rune(0); ; {
		i := strings.IndexAny(word, `'"`)
		if quote != 0 {
			i = strings.IndexRune(word, quote)
		}
		if i < 0 {
			return out.String() + word
		}
		out.WriteString(word[:i])
		if quote == 0 {
			quote = rune(word[i])
		} else {
			quote = 0
		}
		word = word[i+1:]
	}
}

// command matches a command as package target composes it.
var command = regexp.MustCompile(`(?s)^set --; .*?eval (.*)$`)

// Run implements backends.Runner: it answers a command of an author's.
func (b *backend) Run(ctx context.Context, cmd backends.Command) (backends.Status, error) {
	if _, err := b.begin(cmd); err != nil {
		return backends.Status{}, err
	}
	in, err := io.ReadAll(cmd.Stdin)
	if err != nil {
		return backends.Status{}, err
	}
	text := strings.TrimSuffix(strings.TrimPrefix(string(in), ":"), "\n.\n")
	m := command.FindStringSubmatch(strings.ReplaceAll(text, "\n:", "\n"))
	if m == nil {
		return backends.Status{}, fmt.Errorf("resourcetest: not a command of package target: %q", in)
	}
	a := b.machine.answer(unquote(m[1]))
	if a.Lost {
		return backends.Status{}, backends.ErrLost
	}
	return backends.Status{Code: a.Code}, print(cmd, a.Stdout, a.Stderr)
}

// A process is a shell of the machine's.
type process struct {
	ctx   context.Context
	ended chan error
}

// Wait implements backends.Process.
func (p *process) Wait() (backends.Status, error) {
	select {
	case err := <-p.ended:
		return backends.Status{}, err
	case <-p.ctx.Done():
		return backends.Status{}, context.Cause(p.ctx)
	}
}
