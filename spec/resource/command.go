package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/internal/stack"
	"github.com/hostspec/hostspec/spec/target"
)

// A Command is shell text of an author that is run on the target by its /bin/sh,
// with LC_ALL=C and nothing on stdin unless given. It may change the target; any
// exit code is an answer.
//
// A value runs once in a spec, however often it is asked, and anew in each
// attempt of Eventually and Consistently. In a plain test it runs anew whenever it is
// asked.
//
// Where the shell says that it cannot find or execute a program and ends with 126 or 127,
// nothing is told about the target, for Should and ShouldNot alike, unless ExitWith asks
// for just that code.
type Command struct {
	Base[Command]
	script   target.Script
	readOnly bool
	runs     *runs
}

// A Scoper is an Asker that tells runs of commands apart: within one scope a
// Command value runs once.
type Scoper interface {
	// Scope returns a comparable value, or nil where each question is a look of its own.
	Scope() any
}

// runs remembers the run in the scope that a Command ran in last.
type runs struct {
	mu   sync.Mutex
	last lastRun
}

type lastRun struct {
	scope any
	done  bool
	asked []string // questions answered by this run
	out   target.Output
	err   error
	ev    evidence.Evidence
}

// NewCommand makes a Command.
func NewCommand(a Asker, script string) *Command {
	c := &Command{script: target.Script{Text: script}, runs: &runs{}}
	c.Base = New(a, "Command", script, c)
	return c
}

func (c *Command) change(f func(*Command)) *Command {
	return c.Derive(func(n *Command) {
		n.runs = &runs{}
		f(n)
	})
}

// In runs the command in a directory of the target.
func (c *Command) In(dir string) *Command { return c.change(func(n *Command) { n.script.Dir = dir }) }

// WithEnv sets a variable in the command's environment.
func (c *Command) WithEnv(name, value string) *Command {
	return c.change(func(n *Command) { n.script.Env = append(slices.Clone(n.script.Env), name+"="+value) })
}

// WithStdin gives the command something to read.
func (c *Command) WithStdin(text string) *Command {
	return c.change(func(n *Command) { n.script.Stdin = []byte(text) })
}

// ReadOnly promises that the command changes nothing that other specs look at,
// so that what is known of the target may be used after it.
func (c *Command) ReadOnly() *Command { return c.change(func(n *Command) { n.readOnly = true }) }

// RunsAs tells who runs the command, where otherwise ambient would.
func (c *Command) RunsAs(ambient target.Identity) target.Identity {
	return c.settings.identity(ambient)
}

// IsReadOnly reports whether ReadOnly was promised.
func (c *Command) IsReadOnly() bool { return c.readOnly }

// anyCode is who does not ask for one exit code.
const anyCode = -1

// run runs the command, unless it did so in this scope already. Who asks for one exit
// code says for which.
func (c *Command) run(question string, code int) (target.Output, error) {
	if err := c.check(); err != nil {
		return target.Output{}, Refuse(&c.Base, err)
	}
	c.runs.mu.Lock()
	defer c.runs.mu.Unlock()
	r := &c.runs.last
	var scope any
	if s, ok := c.asker.(Scoper); ok {
		scope = s.Scope()
	}
	if r.done && scope != nil && r.scope == scope && !(slices.Contains(r.asked, question) && stack.Polled()) {
		r.asked = append(r.asked, question)
		return r.out, c.repeat(question, code, r)
	}
	l := NewLook(&c.Base, question)
	if l.Err() != nil {
		return target.Output{}, l.Err()
	}
	v := l.View()
	if v.Plan != nil {
		return target.Output{}, target.ErrPlanned
	}
	script := c.script
	script.Timeout = v.Timeout
	out, e, failed := v.Target.Run(l.Context(), v.As, script)
	if failed == nil {
		e.Found = sayOutput(out)
	}
	err := l.Answer(e, executed(out, failed, code))
	*r = lastRun{scope: scope, done: true, asked: []string{question}, out: out, ev: c.Explain(question)}
	if failed != nil {
		r.err = err
	}
	return out, err
}

// repeat answers a question by an earlier run.
func (c *Command) repeat(question string, code int, r *lastRun) error {
	c.keep(question, r.ev)
	l := NewLook(&c.Base, question)
	if l.Err() != nil {
		return r.err
	}
	if r.err != nil {
		// What could not be told is told of each spec that asked.
		evidence.Record(l.Context(), l.Explain())
		return r.err
	}
	if err := executed(r.out, nil, code); err != nil {
		return l.Answer(r.ev, err)
	}
	return nil
}

// executed returns an error where the shell found nothing that it could execute, and says
// so by another exit code than the one that was asked for.
func executed(out target.Output, failed error, code int) error {
	if failed != nil || out.Status.Code == code {
		return failed
	}
	why := out.NotExecuted()
	if why == "" {
		return nil
	}
	return &evidence.Unknown{
		Reason: "it could not be executed: " + evidence.Excerpt(why, 200),
		Advice: fmt.Sprintf("Where this is what is wanted, Should(ExitWith(%d)) says so.", out.Status.Code),
	}
}

// keep notes the evidence of an answer that came from an earlier run.
func (c *Command) keep(question string, e evidence.Evidence) {
	e.Question = question
	c.answers.mu.Lock()
	defer c.answers.mu.Unlock()
	c.answers.last[question] = e
}

// check refuses what could never run.
func (c *Command) check() error {
	if strings.TrimSpace(c.script.Text) == "" {
		return errors.New("it is empty")
	}
	texts := append([]string{c.script.Text, c.script.Dir}, c.script.Env...)
	if slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsRune(s, 0) }) {
		return errors.New("it holds a NUL byte, which no process can be given")
	}
	for _, kv := range c.script.Env {
		name, _, _ := strings.Cut(kv, "=")
		if !isName(name) {
			return fmt.Errorf("WithEnv(%q, ...): a variable's name has letters, digits and _ and begins with no digit", name)
		}
	}
	return nil
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && !(r >= 'a' && r <= 'z') && !(r >= 'A' && r <= 'Z') && !(i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}

// sayOutput shortens what a command printed.
func sayOutput(o target.Output) string {
	s := o.Status.String()
	if o.Status.Code > 128 && o.Status.Code <= 192 {
		s += fmt.Sprintf(" (which shells use for death by signal %d)", o.Status.Code-128)
	}
	for _, stream := range []struct {
		name string
		text []byte
	}{{"stdout", o.Stdout}, {"stderr", o.Stderr}} {
		if len(stream.text) > 0 {
			s += "\n" + stream.name + ": " + evidence.Excerpt(strings.TrimRight(string(stream.text), "\n"), 500)
		}
	}
	return s
}

// Stdout is what the command printed, whatever its exit code.
func (c *Command) Stdout() (string, error) {
	o, err := c.run("Stdout", anyCode)
	return string(o.Stdout), err
}

// Stderr is what the command printed to stderr, whatever its exit code.
func (c *Command) Stderr() (string, error) {
	o, err := c.run("Stderr", anyCode)
	return string(o.Stderr), err
}

// ExitCode is the command's exit code.
func (c *Command) ExitCode() (int, error) {
	o, err := c.run("ExitCode", anyCode)
	return o.Status.Code, err
}

// ExitCodeFor is the command's exit code for who asks whether it is code.
func (c *Command) ExitCodeFor(code int) (int, error) {
	o, err := c.run("ExitCode", code)
	return o.Status.Code, err
}

// Duration is how long the command ran, seen from here.
func (c *Command) Duration() (time.Duration, error) {
	o, err := c.run("Duration", anyCode)
	return o.Took, err
}

// JSON reads what the command printed as JSON and returns what stands at a path
// such as "servers[0].name"; an empty path is the whole document. Whole numbers
// are int.
func (c *Command) JSON(path string) (any, error) {
	o, err := c.run("JSON", anyCode)
	if err != nil {
		return nil, err
	}
	document, err := fact.ParseJSON(o.Stdout)
	if err == nil {
		document, err = fact.Walk(document, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: its stdout: %w", c, err)
	}
	return document, nil
}
