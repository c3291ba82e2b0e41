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
// has ended, and killed when it has not.
func (t *Target) Run(ctx context.Context, as Identity, s Script) (Output, evidence.Evidence, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = t.timeout
	}
	e := evidence.Evidence{Target: t.String(), Asked: evidence.Excerpt(s.Text, 200)}
	sh, err := t.commandShell(ctx, as)
	if err != nil {
		return Output{}, e, err
	}
	t.count(func(s *Stats) { s.Commands++ })
	sh.out.listen(s.LiveStdout)
	sh.err.listen(s.LiveStderr)
	out, err := sh.run(ctx, s.compose(), timeout)
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
	t.ending.Go(sh.release)
	e.Status, e.Took = out.Status.String(), out.Took
	if err := s.notRun(&out, sh.nonce); err != nil {
		r := t.unknown(withStderr(e, out), "", err)
		return out, r.evidence, r.err
	}
	if out.Truncated {
		r := t.unknown(e, out.reason(), nil)
		return out, r.evidence, r.err
	}
	return out, e, nil
}

// notRun tells whether what had to be prepared for the command failed, which the
// shell says by a word and the nonce.
func (s Script) notRun(o *Output, nonce string) error {
	if rest, ok := bytes.CutSuffix(o.Stderr, []byte("stdin "+nonce+"\n")); ok {
		o.Stderr = rest
		return errors.New("it was not run: the target has no base64 to hand it its stdin")
	}
	if rest, ok := bytes.CutSuffix(o.Stderr, []byte("dir "+nonce+"\n")); ok {
		o.Stderr = rest
		return fmt.Errorf("it was not run: %w %q: %s", ErrNoDir, s.Dir, excerpt(string(rest)))
	}
	return nil
}

// compose makes one script of the command and what it needs around it.
func (s Script) compose() string {
	var b strings.Builder
	for _, kv := range s.Env {
		name, value, _ := strings.Cut(kv, "=")
		fmt.Fprintf(&b, "%s=%s; export %s; ", name, backends.Quote(value), name)
	}
	if s.Dir != "" {
		fmt.Fprintf(&b, "cd -- %s || { echo \"dir $N\" >&2; exit 1; }; ", backends.Quote(s.Dir))
	}
	if s.Stdin == nil {
		// The nonce is none of the command's business.
		fmt.Fprintf(&b, "unset N s h c k l; eval %s", backends.Quote(s.Text))
		return b.String()
	}
	// base64, since a here-document holds no NUL and always ends in a newline.
	fmt.Fprintf(&b, "command -v base64 >/dev/null || { echo \"stdin $N\" >&2; exit 1; }; unset N s h c k l; base64 -d <<'-' | (eval %s)\n", backends.Quote(s.Text))
	// Shells are slow both at few lines that are long and at many lines.
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(s.Stdin)), 4096) {
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteString("-\n")
	return b.String()
}
