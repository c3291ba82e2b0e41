package ssh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// session is a session channel (RFC 4254, 6) that may not have been asked to run
// anything yet.
//
// It is not xssh.Session, whose Wait hangs for as long as a grandchild of the
// process holds the output open.
type session struct {
	ch xssh.Channel
	// ended is closed when the server told how the process ended, and status
	// set before.
	ended  chan struct{}
	status backends.Status
	// gone is closed when the server closed the channel.
	gone chan struct{}
}

func newSession(ch xssh.Channel) *session {
	return &session{ch: ch, ended: make(chan struct{}), gone: make(chan struct{})}
}

// session returns a channel, and waits for one while all places are taken or the
// server has too many open.
func (b *backend) session(ctx context.Context) (*session, error) {
	pause := 5 * time.Millisecond
	alone := time.Now()
	var refused *xssh.OpenChannelError
	for {
		if err := b.lostError(); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s, err := b.place(ctx)
		switch {
		case err == nil && remote.IsClosed(s.gone):
			continue // a spare that the server has closed meanwhile
		case err == nil:
			return s, nil
		case !errors.As(err, &refused) || refused.Reason == xssh.UnknownChannelType:
			return nil, err
		case len(b.slots) > 0:
			alone = time.Now()
		case time.Since(alone) > killGrace:
			// Nothing of ours is in the way, so that waiting would not help.
			return nil, fmt.Errorf("the server does not open a single session (%s); see MaxSessions in its sshd_config", refused.Message)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
			pause = min(2*pause, 200*time.Millisecond)
		case <-b.lost:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (the server refused to open another session: %s)", context.Cause(ctx), refused.Message)
		}
	}
}

// place takes the spare, or opens a channel in a free place.
func (b *backend) place(ctx context.Context) (*session, error) {
	select {
	case s := <-b.spare:
		return s, nil
	default:
	}
	select {
	case s := <-b.spare:
		return s, nil
	case b.slots <- struct{}{}:
		return b.open(ctx)
	case <-b.lost:
		return nil, b.lostError()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// open opens a channel in the place that was taken for it. The place is free again
// when the server has closed or refused it.
func (b *backend) open(ctx context.Context) (*session, error) {
	type opened struct {
		s   *session
		err error
	}
	result := make(chan opened, 1)
	began := time.Now()
	go func() {
		defer func() { <-b.slots }()
		ch, requests, err := b.client.OpenChannel("session", nil)
		if err != nil {
			result <- opened{err: err}
			return
		}
		b.RTT.Took(time.Since(began))
		s := newSession(ch)
		result <- opened{s: s}
		s.listen(requests)
	}()
	select {
	case r := <-result:
		var refused *xssh.OpenChannelError
		if r.err == nil || errors.As(r.err, &refused) {
			return r.s, r.err
		}
		return nil, b.whyGone(r.err)
	case <-ctx.Done():
		go func() {
			if r := <-result; r.err == nil {
				_ = r.s.ch.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// whyGone finds out why a channel was closed under us: nil when the connection is
// fine and the server just closed the channel.
func (b *backend) whyGone(err error) error {
	// Channels are closed before the connection is known to be lost. A round trip
	// tells.
	if _, _, e := b.client.SendRequest("keepalive@openssh.com", true, nil); e != nil {
		<-b.lost
		return b.lostError()
	}
	return err
}

// listen takes note of how the process ended.
func (s *session) listen(requests <-chan *xssh.Request) {
	defer close(s.gone)
	for r := range requests {
		if status, ok := parseStatus(r); ok && !remote.IsClosed(s.ended) {
			s.status = status
			close(s.ended)
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}

// parseStatus reads exit-status and exit-signal (RFC 4254, 6.10).
func parseStatus(r *xssh.Request) (backends.Status, bool) {
	switch r.Type {
	case "exit-status":
		var m struct{ Code uint32 }
		if xssh.Unmarshal(r.Payload, &m) != nil {
			return backends.Status{}, false
		}
		return backends.Status{Code: int(m.Code)}, true
	case "exit-signal":
		var m struct {
			Signal     string
			CoreDumped bool
			Message    string
			Language   string
		}
		if xssh.Unmarshal(r.Payload, &m) != nil {
			return backends.Status{}, false
		}
		return signalled(m.Signal), true
	}
	return backends.Status{}, false
}

// signalled is the status of a process that a signal ended.
func signalled(name string) backends.Status {
	s := backends.Status{Signal: name}
	if n, ok := signalNumbers[name]; ok {
		s.Code = 128 + n
	}
	return s
}

// signalNumbers are the signals that OpenSSH names, with their numbers on Linux; only
// those of USR1 and USR2 differ elsewhere.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9, "USR1": 10,
	"SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
}

// prepare opens a session ahead, so that the next Start costs one round trip
// instead of two. It takes a free place or none.
func (b *backend) prepare() {
	if len(b.spare) > 0 || b.Ctx.Err() != nil {
		return
	}
	select {
	case b.slots <- struct{}{}:
	default:
		return
	}
	s, err := b.open(b.Ctx)
	if err != nil {
		return
	}
	select {
	case b.spare <- s:
	default:
		_ = s.ch.Close()
	}
}
