package backendtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

var inputChecks = []Check{
	{"no stdin is an empty one", noInput},
	{"stdin is exact", exactInput},
	{"8 MB of stdin come back", largeInput},
	{"stdin is passed on as it comes", talk},
	{"a process that does not read its stdin", unreadInput},
	{"a process that does not read a large stdin", unreadLargeInput},
}

func noInput(ctx context.Context, s *session) error {
	r, err := run(ctx, s, sh(`cat; echo end`))
	if err != nil {
		return err
	}
	empty := sh(`cat; echo end`)
	empty.Stdin = strings.NewReader("")
	r2, err := run(ctx, s, empty)
	return errors.Join(err, same("stdout", "end\n", r.stdout), same("stdout", "end\n", r2.stdout))
}

func exactInput(ctx context.Context, s *session) error {
	_, bytes := everyByte()
	var errs []error
	for _, text := range []string{bytes, "no newline", "\n", "\x04", "~.\n", "a\r\nb"} {
		cmd := sh(`cat`)
		cmd.Stdin = strings.NewReader(text)
		r, err := run(ctx, s, cmd)
		errs = append(errs, err, same("stdout", text, r.stdout), same("stderr", "", r.stderr))
	}
	return errors.Join(errs...)
}

// largeInput sends what no compression makes small.
func largeInput(ctx context.Context, s *session) error {
	const size = 8 << 20
	data := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{'h', 'o', 's', 't'}), size) }
	sent, back := sha256.New(), sha256.New()
	io.Copy(sent, data())
	cmd := sh(`cat`)
	cmd.Stdin, cmd.Stdout = data(), back
	r, err := run(ctx, s, cmd)
	if err != nil {
		return err
	}
	if !bytes.Equal(sent.Sum(nil), back.Sum(nil)) {
		return fmt.Errorf("expected %d bytes of stdin to come back from cat, found others", size)
	}
	return r.ok()
}

// talk says a line, waits for the answer, and says the next.
func talk(ctx context.Context, s *session) error {
	in, stdin := io.Pipe()
	defer stdin.Close()
	stdout := newWatcher()
	cmd := sh(`while read -r line; do echo "heard $line"; done; exit 5`)
	cmd.Stdin, cmd.Stdout = in, stdout
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for _, word := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(stdin, word+"\n"); err != nil {
			return fmt.Errorf("expected stdin to be read, found %w", err)
		}
		if err := stdout.await(ctx, "heard "+word+"\n"); err != nil {
			return err
		}
	}
	stdin.Close()
	status, err := waitSoon(ctx, p, "the end of its stdin")
	if err != nil {
		return err
	}
	return same("status", "exit 5", status.String())
}

// unreadInput gives nothing to a process that ends before it comes: Wait does not
// wait for it.
func unreadInput(ctx context.Context, s *session) error {
	in, stdin := io.Pipe()
	defer stdin.Close()
	stdout := newWatcher()
	open := sh(`echo done; exit 8`)
	open.Stdin, open.Stdout = in, stdout
	p, err := s.Start(ctx, open)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	status, err := waitSoon(ctx, p, "the end of a process whose stdin is still open on our side")
	return errors.Join(err,
		same("stdout", "done\n", stdout.String()), same("status", "exit 8", status.String()))
}

// unreadLargeInput gives much to a process that reads nothing.
func unreadLargeInput(ctx context.Context, s *session) error {
	large := sh(`echo done; exit 7`)
	large.Stdin = io.LimitReader(rand.NewChaCha8([32]byte{}), 8<<20)
	r, err := run(ctx, s, large)
	return errors.Join(err, same("stdout", "done\n", r.stdout), same("status", "exit 7", r.Status.String()))
}
