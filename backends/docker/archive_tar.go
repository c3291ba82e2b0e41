package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"unicode/utf8"
)

// ask asks for the tar of a path. A name that is not UTF-8 gets lost between the
// engine and its helpers, and the tar comes empty; so it is looked for in that of
// the folder above.
func (l live) ask(ctx context.Context, name string) (*entries, error) {
	asked := name
	for !utf8.ValidString(asked) {
		asked = path.Dir(asked)
	}
	ctx, cancel := context.WithCancel(ctx)
	body, _, err := l.api.CopyFromContainer(ctx, l.id, asked)
	if err != nil {
		defer cancel()
		return nil, l.judge(ctx, err)
	}
	e := &entries{ctx: ctx, tar: tar.NewReader(body), only: name, close: func() error {
		cancel() // what the engine still sends is not waited for
		return body.Close()
	}}
	e.name = named(asked)
	return e, nil
}

// entries are a tar from the engine. Read reads the content of the last one that
// next returned. The end of the context ends it.
type entries struct {
	ctx   context.Context
	tar   *tar.Reader
	name  func(*tar.Header) string
	only  string // the entry that is wanted, with those below it
	seen  bool
	close func() error
}

// next returns the next entry and its path, or io.EOF.
func (e *entries) next() (string, *tar.Header, error) {
	for {
		h, err := e.tar.Next()
		switch {
		case err == io.EOF && !e.seen:
			return "", nil, errors.New("the engine's archive of it is empty")
		case err != nil:
			return "", nil, e.cut(err)
		}
		if name := e.name(h); name == e.only || below(name, e.only) {
			e.seen = true
			return name, h, nil
		}
	}
}

// Read implements io.Reader.
func (e *entries) Read(p []byte) (int, error) {
	n, err := e.tar.Read(p)
	return n, e.cut(err)
}

// Close implements io.Closer.
func (e *entries) Close() error { return e.close() }

// cut is the error of a tar that broke off.
func (e *entries) cut(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case e.ctx.Err() != nil:
		return context.Cause(e.ctx)
	}
	return fmt.Errorf("the engine's archive broke off: %w", err)
}
