package target

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// A Script is a command of an author: shell text that may do anything.
type Script struct {
	// Text is run by /bin/sh of the target.
	Text string
	// Dir is where; empty means the account's home or wherever the target
	// starts its processes.
	Dir string
	// Env holds NAME=value pairs.
	Env []string
	// Stdin is what it reads; nil means nothing at all.
	Stdin []byte
	// Timeout bounds it; 0 means the target's.
	Timeout time.Duration
	// LiveStdout and LiveStderr, where set, are told what it prints as it comes,
	// beside the Output at its end. Each is written to by one goroutine, and holds
	// up the command while it is.
	LiveStdout, LiveStderr io.Writer
}

// ErrNoDir is the error of a Script whose directory cannot be entered.
var ErrNoDir = errors.New("cannot enter the directory")

// Run runs a command of an author in a process of its own. Any exit code is an
// answer; the error says that the command could not be run or did not end, with
// what it had printed. What it leaves in the background is left alone when it
// has ended, and killed when it has not: a trap that it has set for SIGTERM need not
// come to run.
func (t *Target) Run(ctx context.Context, as Identity, s Script) (Output, evidence.Evidence, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = t.timeout
	}
	e := evidence.Evidence{Target: t.String(), Asked: evidence.Excerpt(s.Text, 200)}
	out, nonce, err := t.execute(ctx, as, s, timeout)
	var notBegun *notBegunError
	if errors.As(err, &notBegun) {
		return Output{}, e, notBegun.error
	}
	if err != nil {
		e = withStderr(e, out)
		e.Took = out.Took
		reason := err.Error()
		if errors.Is(err, errDeadline) {
			reason = fmt.Sprintf("it did not end within %v and was killed", timeout)
		}
		r := t.unknown(e, reason+printed(out), err)
		return out, r.evidence, r.err
	}
	e.Status, e.Took = out.Status.String(), out.Took
	if err := s.notRun(&out, nonce); err != nil {
		r := t.unknown(withStderr(e, out), "", err)
		return out, r.evidence, r.err
	}
	if out.Truncated {
		r := t.unknown(e, out.reason(), nil)
		return out, r.evidence, r.err
	}
	return out, e, nil
}

// A notBegunError says why a command was not even sent.
type notBegunError struct{ error }

// execute runs a script by the backend where that can, else by a shell with a watchdog.
// It returns what marks in its output what was not run.
func (t *Target) execute(ctx context.Context, as Identity, s Script, timeout time.Duration) (out Output, nonce string, err error) {
	r, err := t.runner(ctx, as)
	if err != nil {
		return Output{}, "", &notBegunError{err}
	}
	if r != nil {
		t.count(func(s *Stats) { s.Commands++ })
		out, nonce, err = s.runAlone(ctx, r, timeout)
		if errors.Is(err, backends.ErrLost) {
			_ = t.lost(ctx, r) // what is asked next connects again
		}
		return out, nonce, err
	}
	sh, err := t.commandShell(ctx, as, timeout)
	if err != nil {
		return Output{}, "", &notBegunError{err}
	}
	t.count(func(s *Stats) { s.Commands++ })
	sh.out.listen(s.LiveStdout)
	sh.err.listen(s.LiveStderr)
	out, err = sh.run(ctx, s.compose(sh.nonce), timeout)
	if err == nil {
		t.ending.Go(sh.release)
	}
	return out, sh.nonce, err
}

// notRun returns an error where what had to be prepared for the command failed, which
// the shell says by a word and the nonce.
func (s Script) notRun(o *Output, nonce string) error {
	for word, why := range map[string]error{
		"stdin": errors.New("it was not run: the target has no base64 to hand it its stdin"),
		"env":   errors.New("it was not run: the shell of the target keeps one of the variables for itself"),
		"dir":   fmt.Errorf("it was not run: %w %q", ErrNoDir, s.Dir),
	} {
		if rest, ok := bytes.CutSuffix(o.Stderr, []byte(word+" "+nonce+"\n")); ok {
			o.Stderr = rest
			if len(rest) > 0 {
				return fmt.Errorf("%w: %s", why, excerpt(withoutPlace(string(rest))))
			}
			return why
		}
	}
	return nil
}

// compose makes one script of the command and what it needs around it. The nonce marks
// what has failed. Whatever is needed from the target is used before the variables are
// set, which may lead elsewhere.
func (s Script) compose(nonce string) string { return s.composeTo(nonce, "exit 143") }

// composeTo is compose for a shell that ends by a text when it is sent SIGTERM.
func (s Script) composeTo(nonce, end string) string {
	var b strings.Builder
	failed := func(word string) string { return fmt.Sprintf("{ echo '%s %s' >&2; exit 1; }; ", word, nonce) }
	b.WriteString("set --; ")
	if s.Dir != "" {
		dir := s.Dir
		if !strings.HasPrefix(dir, "/") {
			// Else cd takes "-" for the previous directory and searches CDPATH.
			dir = "./" + dir
		}
		fmt.Fprintf(&b, "cd %s || %s", backends.Quote(dir), failed("dir"))
	}
	run := s.withEnv(failed("env"))
	if strings.ContainsAny(s.Text, ";&|\n`()") {
		// Killed while it waits for a program, the shell is not to go on to the next.
		// For a single program a shell may become that, unless it has a trap.
		run = "trap '" + end + "' TERM; " + run
	}
	if s.Stdin == nil {
		b.WriteString(run)
		return b.String()
	}
	// base64, since a here-document holds no NUL and always ends in a newline.
	fmt.Fprintf(&b, "command -v base64 >/dev/null || %sbase64 -d <<'-' | (%s)\n", failed("stdin"), run)
	// Shells are slow both at few lines that are long and at many lines.
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(s.Stdin)), 4096) {
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteString("-\n")
	return b.String()
}

// withEnv is shell text that runs the command with its variables. What the shell keeps
// for itself, as bash does UID, is given by env to one more shell. What that keeps, too,
// cannot be given at all. PATH comes last, since env and sh are looked up in it.
func (s Script) withEnv(failed string) string {
	run := "eval " + backends.Quote(s.Text)
	if len(s.Env) == 0 {
		return run
	}
	var set, kept strings.Builder
	for _, kv := range s.Env {
		name, value, _ := strings.Cut(kv, "=")
		value = backends.Quote(value)
		if name == "PATH" {
			run = "PATH=" + value + "; export PATH; " + run
			continue
		}
		fmt.Fprintf(&set, `{ command export %[1]s=%[2]s && [ "$%[1]s" = %[2]s ]; } 2>/dev/null || set -- "$@" %[1]s=%[2]s; `, name, value)
		fmt.Fprintf(&kept, `[ "$%[1]s" = %[2]s ] || { command export %[1]s=%[2]s && [ "$%[1]s" = %[2]s ]; } 2>/dev/null || %[3]s`, name, value, failed)
	}
	return fmt.Sprintf(`%s[ $# = 0 ] || { command -v env >/dev/null || %sexec env -- "$@" sh -c %s; }; %s`,
		set.String(), failed, backends.Quote(kept.String()+run), run)
}
