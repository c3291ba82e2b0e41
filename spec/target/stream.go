package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
)

// ErrEnough is what a writer returns that wants no more of a stream.
var ErrEnough = errors.New("no more of this is wanted")

// errNotRegular is the error of streaming what is not a regular file.
var errNotRegular = errors.New("it is not a regular file")

// StreamFile copies a regular file of the target to w as it comes, so that files
// of any size take no memory. That w returns ErrEnough ends it without an error. It
// is read once more when the connection is lost meanwhile.
// What is told is never kept for others.
func (v View) StreamFile(ctx context.Context, name string, w io.Writer) (evidence.Evidence, error) {
	t := v.Target
	timeout := v.Timeout
	if timeout == 0 {
		timeout = t.timeout
	}
	e := evidence.Evidence{Target: t.String(), Asked: evidence.Clean("cat " + backends.Quote(name))}
	out := newResumed(w)
	for again := false; ; again = true {
		b, files, err := t.forStream(ctx, v.As)
		if err != nil {
			return e, err
		}
		limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
		start := time.Now()
		if files != nil {
			e.Asked = evidence.Clean("read " + name)
			err = readStream(limited, files, name, out)
		} else {
			e.Status, err = runStream(limited, b, "[ -f "+backends.Quote(name)+" ] || exit 44; cat "+backends.Quote(name), out)
		}
		cancel()
		e.Took = time.Since(start)
		if err == nil {
			err = out.check()
		}
		switch {
		case err == nil || errors.Is(err, ErrEnough):
			return e, nil
		case ctx.Err() != nil:
			return e, context.Cause(ctx)
		case errors.Is(err, backends.ErrLost) && !again:
			if err := t.lost(ctx, b); err != nil {
				return e, err
			}
			out.rewind()
			continue
		}
		reason := ""
		if errors.Is(err, errDeadline) {
			reason = fmt.Sprintf("it was not read to its end within %v", timeout)
		}
		r := t.unknown(e, reason, err)
		return r.evidence, r.err
	}
}

// lost forgets a connection that was lost, unless that was done already.
func (t *Target) lost(ctx context.Context, b backends.Backend) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	defer t.give()
	for b != t.backend {
		d, ok := b.(backends.Decorator)
		if !ok {
			return nil
		}
		b = d.Unwrap()
	}
	t.hangUp()
	return nil
}

// errChanged is the error of a file that was read twice and was not the same.
var errChanged = errors.New("the connection was lost while it was read, and then the file had changed")

// resumed passes on what is written to it, and after rewind only what is new: the
// same bytes have to come again before that.
type resumed struct {
	w      io.Writer
	passed int64 // bytes that w has
	sum    maphash.Hash
	before uint64 // their sum, once they have to come again
	again  int64  // how many of them have not come again yet
}

func newResumed(w io.Writer) *resumed { return &resumed{w: w} }

func (r *resumed) rewind() {
	r.before, r.again = r.sum.Sum64(), r.passed
	r.sum.Reset()
}

// check reports a file that ended before all that had come has come again.
func (r *resumed) check() error {
	if r.again > 0 {
		return errChanged
	}
	return nil
}

func (r *resumed) Write(p []byte) (int, error) {
	skip := int(min(int64(len(p)), r.again))
	_, _ = r.sum.Write(p[:skip])
	if r.again -= int64(skip); skip > 0 && r.again == 0 && r.sum.Sum64() != r.before {
		return 0, errChanged
	}
	if skip == len(p) {
		return len(p), nil
	}
	_, _ = r.sum.Write(p[skip:])
	n, err := r.w.Write(p[skip:])
	r.passed += int64(n)
	return skip + n, err
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
	// Also reports whether this account can be used at all.
	_, err := t.shell(ctx, as)
	return t.backendAs(as), nil, err
}

// readStream copies a file to w. A read that does not return is left to itself when
// the context ends, as on a dead network file system.
func readStream(ctx context.Context, r backends.FileReader, name string, w io.Writer) error {
	f, err := r.Open(ctx, name)
	if errors.Is(err, backends.ErrNotRegular) {
		return errNotRegular
	}
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// While one buffer is written, the other is filled.
	empty, full := make(chan []byte, 2), make(chan piece)
	for range cap(empty) {
		empty <- make([]byte, 128<<10)
	}
	go fill(ctx, f, empty, full)
	for {
		select {
		case p := <-full:
			if len(p.text) > 0 {
				if _, err := w.Write(p.text); err != nil {
					return err
				}
			}
			if p.err == io.EOF {
				return nil
			}
			if p.err != nil {
				return p.err
			}
			empty <- p.text[:cap(p.text)]
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A piece is what one read of a file has brought.
type piece struct {
	text []byte
	err  error
}

// fill reads a file into buffers until the context ends, and closes it.
func fill(ctx context.Context, f io.ReadCloser, empty <-chan []byte, full chan<- piece) {
	defer f.Close()
	for {
		var buf []byte
		select {
		case buf = <-empty:
		case <-ctx.Done():
			return
		}
		n, err := f.Read(buf)
		select {
		case full <- piece{buf[:n], err}:
		case <-ctx.Done():
			return
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
