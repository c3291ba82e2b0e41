package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
)

// ErrEnough is what a writer returns that wants no more of a stream.
var ErrEnough = errors.New("no more of this is wanted")

// errNotRegular is the error of streaming what is no regular file.
var errNotRegular = errors.New("it is not a regular file")

// StreamFile copies a regular file of the target to w as it comes, so that files
// of any size take no memory. That w returns ErrEnough ends it without an error.
// What is told is never kept for others.
func (v View) StreamFile(ctx context.Context, name string, w io.Writer) (evidence.Evidence, error) {
	t := v.Target
	timeout := v.Timeout
	if timeout == 0 {
		timeout = t.timeout
	}
	e := evidence.Evidence{Target: t.String(), Asked: evidence.Clean("cat " + backends.Quote(name))}
	b, files, err := t.forStream(ctx, v.As)
	if err != nil {
		return e, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	start := time.Now()
	if files != nil {
		e.Asked = evidence.Clean("read " + name)
		err = readStream(limited, files, name, w)
	} else {
		e.Status, err = runStream(limited, b, "[ -f "+backends.Quote(name)+" ] || exit 44; cat "+backends.Quote(name), w)
	}
	e.Took = time.Since(start)
	switch {
	case err == nil || errors.Is(err, ErrEnough):
		return e, nil
	case ctx.Err() != nil:
		return e, context.Cause(ctx)
	case errors.Is(err, errDeadline):
		r := t.unknown(e, fmt.Sprintf("it was not read to its end within %v", timeout), err)
		return r.evidence, r.err
	}
	r := t.unknown(e, "", err)
	return r.evidence, r.err
}

// forStream returns the connection, and as a FileReader where that may be used.
func (t *Target) forStream(ctx context.Context, as Identity) (backends.Backend, backends.FileReader, error) {
	if err := t.take(ctx); err != nil {
		return nil, nil, err
	}
	defer t.give()
	if err := t.connect(ctx); err != nil {
		return nil, nil, err
	}
	if r, ok := t.backend.(backends.FileReader); ok && !t.effective(as).Sudo {
		return t.backend, r, nil
	}
	// Also tells whether this account can be used at all.
	_, err := t.shell(ctx, as)
	return t.backendAs(as), nil, err
}

func readStream(ctx context.Context, r backends.FileReader, name string, w io.Writer) error {
	f, err := r.Open(ctx, name)
	if errors.Is(err, backends.ErrNotRegular) {
		return errNotRegular
	}
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 256<<10)
	for {
		n, err := f.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// runStream copies what a script prints to w. The script runs in a process of its
// own, which ends with it or with the context.
func runStream(ctx context.Context, b backends.Backend, script string, w io.Writer) (status string, err error) {
	life, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	head, tail := rand.Text(), rand.Text()
	mark := []byte(head + tail + "\n")
	out := &streamed{mark: mark, w: w, stop: stop}
	var complaint bounded
	p, err := b.Start(life, backends.Command{
		Args:   []string{"sh", "-c", environment + "h=" + head + "; echo \"${h}" + tail + "\"; echo \"${h}" + tail + "\" >&2; " + script},
		Stdout: out, Stderr: &complaint,
	})
	if err != nil {
		return "", err
	}
	s, err := p.Wait()
	if cause := context.Cause(life); cause != nil {
		return "", cause
	}
	if err != nil {
		return "", err
	}
	_, stderr, _ := bytes.Cut(complaint.text, mark)
	switch {
	case s.Success():
		return s.String(), nil
	case s.Code == 44:
		return s.String(), errNotRegular
	}
	return s.String(), fmt.Errorf("%v: %w", s, fact.ParseErrno(stderr))
}

// streamed passes on what comes after the mark, until w wants no more.
type streamed struct {
	mark   []byte // nil once it was seen
	before []byte
	w      io.Writer
	stop   context.CancelCauseFunc
	over   bool
}

// maxNoise bounds what a target may print before the mark.
const maxNoise = 1 << 20

// Write never fails, since that is told to stop.
func (s *streamed) Write(p []byte) (int, error) {
	rest := p
	if s.mark != nil {
		s.before = append(s.before, p...)
		i := bytes.Index(s.before, s.mark)
		if i < 0 {
			if len(s.before) > maxNoise {
				s.end(errors.New("it prints without end before a script is run"))
			}
			return len(p), nil
		}
		rest, s.before, s.mark = s.before[i+len(s.mark):], nil, nil
	}
	if !s.over && len(rest) > 0 {
		if _, err := s.w.Write(rest); err != nil {
			s.end(err)
		}
	}
	return len(p), nil
}

func (s *streamed) end(err error) {
	s.over = true
	s.stop(err)
}

// bounded keeps the first part of what is written to it.
type bounded struct{ text []byte }

func (b *bounded) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), 64<<10-len(b.text))]...)
	return len(p), nil
}
