package ssh

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// A transport is a session that is asked to run something.
type transport struct {
	*session
	*remote.Process
	b    *backend
	exec string
	// answered is closed when the server has answered the exec request, or will not any
	// more; refused as well when it said no, and accepted when it said yes.
	answered, refused, accepted chan struct{}
	// signalled says that the server has answered a request to kill.
	signalled atomic.Bool
}

func newTransport(b *backend, p *remote.Process, s *session, exec string) *transport {
	return &transport{
		session: s, Process: p, b: b, exec: exec,
		answered: make(chan struct{}), refused: make(chan struct{}), accepted: make(chan struct{}),
	}
}

// Copy implements remote.Transport.
func (t *transport) Copy() {
	var outputs sync.WaitGroup
	outputs.Go(func() { _, _ = io.Copy(&t.Stdout, t.ch) })
	outputs.Go(func() { _, _ = io.Copy(&t.Stderr, t.ch.Stderr()) })
	outputs.Wait()
}

// Feed sends the exec request, and stdin when the server has answered it.
func (t *transport) Feed(stdin io.Reader) {
	// Asked for now, it is there when the answer to this one is.
	go t.b.prepare()
	began := time.Now()
	ok, err := t.ch.SendRequest("exec", true, execPayload(t.exec))
	switch {
	case ok:
		close(t.accepted)
	case err == nil:
		close(t.refused)
	}
	close(t.answered)
	if !ok {
		return
	}
	t.b.RTT.Took(time.Since(began))
	if stdin != nil {
		_, _ = io.Copy(t.ch, stdin)
	}
	_ = t.ch.CloseWrite()
}

// execPayload is the payload of an exec request (RFC 4254, 6.5).
func execPayload(command string) []byte {
	return xssh.Marshal(struct{ Command string }{command})
}

// Await implements remote.Transport.
func (t *transport) Await(ctx context.Context) error {
	select {
	case <-t.ended:
		t.Drain(t.gone, ctx.Done())
	case <-t.gone:
		<-t.Drained // all that will come is here
		<-t.answered
	case <-t.refused:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// Status implements remote.Transport.
func (t *transport) Status(context.Context) (backends.Status, error) {
	switch {
	case remote.IsClosed(t.ended):
		return t.status, nil
	case remote.IsClosed(t.refused):
		return backends.Status{}, errors.New("the server refused to run a command")
	}
	return backends.Status{}, t.b.whyGone(&backends.NoStatusError{
		Reason: "the server closed the session without a word about it", Unanswered: !remote.IsClosed(t.accepted),
	})
}

// HangUp implements remote.Transport: closing the channel is enough.
func (t *transport) HangUp() bool { return true }

// Close implements remote.Transport.
func (t *transport) Close() { _ = t.ch.Close() }
