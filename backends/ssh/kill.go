package ssh

import (
	"context"
	"io"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// Kill implements remote.Transport. A server that does not answer at all is given up
// after killGrace.
func (t *transport) Kill(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	grace := time.AfterFunc(killGrace+4*t.b.RTT.Shortest(), func() {
		if !t.signalled.Load() {
			cancel()
		}
	})
	defer grace.Stop()
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-t.ended:
		case <-t.gone:
		case <-ctx.Done():
		}
	}()
	go func() {
		defer close(done)
		select {
		case <-t.answered:
		case <-ended:
		}
		remote.Persist(ctx, ended, func() bool { return t.signal(ended) })
	}()
	select {
	case <-done:
	case <-ctx.Done(): // which no request to a server looks at
	}
}

// signal kills the process group once, and reports whether there is no use in doing it
// again. sshd signals the group, but refuses when the login is root's or a command is
// forced; then a session of its own kills it.
func (t *transport) signal(ended <-chan struct{}) (enough bool) {
	ok, err := t.ch.SendRequest("signal", true, xssh.Marshal(struct{ Name string }{"KILL"}))
	if err != nil {
		return true
	}
	t.signalled.Store(true)
	if pid := t.Stderr.PID(); !ok && pid > 1 {
		t.b.killGroup(pid, ended)
	}
	return false
}

// killGroup kills a process and its group. It takes the spare session or one beyond
// the places, since the places may be what is to be killed, and does nothing when the
// server has none left.
func (b *backend) killGroup(pid int, ended <-chan struct{}) {
	s, err := b.extra()
	if err != nil {
		return
	}
	defer func() { _ = s.ch.Close() }()
	go func() { _, _ = io.Copy(io.Discard, s.ch.Stderr()) }()
	go func() { _, _ = io.Copy(io.Discard, s.ch) }()
	if _, err := s.ch.SendRequest("exec", true, execPayload(remote.Wrap(backends.KillTree(pid)))); err != nil {
		return
	}
	// The members die one after the other, and the last of them is not the first
	// whose end is told.
	select {
	case <-s.gone:
		return
	case <-ended:
	}
	select {
	case <-s.gone:
	case <-time.After(killGrace):
	}
}

// extra is a session that no place is needed for.
func (b *backend) extra() (*session, error) {
	select {
	case s := <-b.spare:
		return s, nil
	default:
	}
	ch, requests, err := b.client.OpenChannel("session", nil)
	if err != nil {
		return nil, err
	}
	s := newSession(ch)
	go s.listen(requests)
	return s, nil
}
