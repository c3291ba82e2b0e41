package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kballard/go-shellquote"

	"github.com/hostspec/hostspec/backends"
)

func init() {
	backends.Register("exec", backends.Driver{Opaque: true, Literal: true, Check: check, Open: open})
}

// split makes words of a prefix as a POSIX shell does that expands nothing (Shell
// Command Language, 2.2).
//
// go-shellquote is small and finished. Beside dash it was the only one of five
// libraries without a difference: google/shlex, go-shellwords and anmitsu/go-shlex
// keep a backslash and newline, or take \r or a no-break space for white space;
// mvdan.cc/sh expands, and drops \r.
func split(prefix string) ([]string, error) {
	words, err := shellquote.Split(prefix)
	switch {
	case errors.Is(err, shellquote.UnterminatedSingleQuoteError):
		return nil, errors.New("its single quote is not closed")
	case errors.Is(err, shellquote.UnterminatedDoubleQuoteError):
		return nil, errors.New("its double quote is not closed")
	case errors.Is(err, shellquote.UnterminatedEscapeError):
		return nil, errors.New("there is nothing after its last backslash")
	case err != nil:
		return nil, err
	}
	return words, nil
}

func check(u *backends.URI) error {
	words, err := split(u.Rest)
	switch {
	case err != nil:
		return err
	case len(words) == 0 || words[0] == "":
		return errors.New("it names no command; write, for example, exec:podman exec -i NAME")
	case strings.ContainsRune(u.Rest, 0):
		return errors.New("it holds a NUL byte, which no process can be given")
	}
	return nil
}

func open(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	words, err := split(u.Rest)
	if err != nil {
		return nil, &backends.URIError{Text: u.String(), Reason: err.Error()}
	}
	b := newBackend(ctx, words)
	c, failed := b.probe(ctx)
	if failed != nil {
		b.Connection.Close()
		return nil, &backends.UnreachableError{
			Target: u.String(), Tried: fmt.Sprintf("start a shell through %q", words[0]), Err: failed.err, Advice: failed.advice,
		}
	}
	b.spare <- c
	return b, nil
}
