package target

import (
	"context"
	"errors"
	"io"
	"testing"
)

// pretended is a shell without a target, which counts how often it was told to end.
func pretended(closed chan<- struct{}) *shell {
	s := &shell{done: make(chan struct{}), cancel: func() {}}
	r, w := io.Pipe()
	s.stdin = w
	go func() {
		_, _ = io.Copy(io.Discard, r)
		close(s.done)
		closed <- struct{}{}
	}()
	return s
}

func same(as Identity) Identity { return as }

func TestSpares(t *testing.T) {
	closed := make(chan struct{}, 10)
	opened := 0
	open := func() (*shell, error) { opened++; return pretended(closed), nil }
	var p spares
	as, other := Identity{}, Identity{Sudo: true}

	p.open(as, same, open)
	if s := p.take(t.Context(), as); s != nil {
		t.Error("a shell was opened, and no command is expected")
	}
	p.expect(as, 1)
	p.open(as, same, open)
	p.open(as, same, open)
	if s := p.take(t.Context(), other); s != nil {
		t.Error("a shell of another account was taken")
	}
	if s := p.take(t.Context(), as); s == nil || opened != 1 {
		t.Fatalf("%d shells were opened for one command; one of them was taken: %v", opened, s != nil)
	} else {
		s.close()
	}
	p.come(as)
	p.come(as) // one that nobody expected
	p.open(as, same, open)
	if s := p.take(t.Context(), as); s != nil {
		t.Error("a shell was opened for a command that has come")
	}
	// One that could not be opened is not taken, and neither is one that has died.
	p.expect(as, 2)
	p.open(as, same, func() (*shell, error) { return nil, errors.New("full") })
	if s := p.take(t.Context(), as); s != nil {
		t.Error("a shell that there is not was taken")
	}
	p.expect(as, 1)
	p.open(as, same, func() (*shell, error) {
		s := pretended(closed)
		_ = s.stdin.Close()
		<-s.done
		return s, nil
	})
	if s := p.take(t.Context(), as); s != nil {
		t.Error("a dead shell was taken")
	}
	// Whoever gives up waiting for one leaves nothing open, and neither does the end.
	ready := make(chan struct{})
	p.open(as, same, func() (*shell, error) { <-ready; return pretended(closed), nil })
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if s := p.take(given, as); s != nil {
		t.Error("a shell that is not open was taken")
	}
	p.open(as, same, open)
	close(ready)
	p.close()
	p.ending.Wait()
	for range 4 { // the one that was used, the dead one, the one given up, the last
		<-closed
	}
	p.open(as, same, open)
	if s := p.take(t.Context(), as); s != nil {
		t.Error("a shell was opened after the end")
	}
}
