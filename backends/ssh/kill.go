package ssh

import (
	"io"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/internal/remote"
)

// kill ends the process group on the target, within killGrace, or killPatience when
// the server is there and slow.
func (p *process) kill() {
	grace := time.NewTimer(killGrace + 4*p.b.rtt.Shortest())
	defer grace.Stop()
	patience := time.NewTimer(killPatience)
	defer patience.Stop()
	ended, stop, alive := make(chan struct{}), make(chan struct{}), make(chan struct{})
	defer close(stop)
	go func() {
		defer close(ended)
		select {
		case <-p.ended:
		case <-p.gone:
		case <-stop:
		}
	}()
	done := make(chan struct{})
	go func() { defer close(done); p.killUntil(ended, alive) }()
	for {
		select {
		case <-done:
			return
		case <-grace.C:
			if !remote.IsClosed(alive) {
				return
			}
		case <-patience.C:
			return
		}
	}
}

// killUntil sends signals until the process has ended, and closes alive when the
// server answers. sshd signals the process group, but refuses when the login is root's
// or a command is forced; then a session of its own kills the group.
func (p *process) killUntil(ended <-chan struct{}, alive chan<- struct{}) {
	select {
	case <-p.answered:
	case <-ended:
		return
	}
	signal := xssh.Marshal(struct{ Name string }{"KILL"})
	for pause := 10 * time.Millisecond; !remote.IsClosed(ended); pause = min(2*pause, time.Second) {
		ok, err := p.ch.SendRequest("signal", true, signal)
		if err != nil {
			return
		}
		if alive != nil {
			close(alive)
			alive = nil
		}
		if pid := p.stderr.PID(); !ok && pid > 1 {
			p.b.killGroup(pid, ended)
		}
		select {
		case <-ended:
		case <-time.After(pause):
		}
	}
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
