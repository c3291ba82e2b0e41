package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

const (
	// places is how many sessions a connection has at once. sshd allows 10
	// (MaxSessions) and frees one a moment after it was closed; the rest is for
	// that moment, and for the session that kills another.
	places = 8
	// killGrace bounds the killing of a process that was given up, while the server
	// does not answer; killPatience where it does.
	killGrace, killPatience = 3 * time.Second, 15 * time.Second
	// keepAlive is how often a silent connection is asked whether it lives, and
	// unanswered how many such questions make it lost; both as in OpenSSH's
	// ServerAliveInterval and ServerAliveCountMax.
	keepAlive  = 15 * time.Second
	unanswered = 3
)

// backend is one connection.
type backend struct {
	*remote.Connection
	client *xssh.Client
	// via is what the connection runs through and is closed after it.
	via io.Closer
	// heard counts the bytes read, as a sign of life.
	heard *atomic.Int64

	// lost is closed when the connection has ended, and lostErr set before.
	lost    chan struct{}
	lostErr error
	// silence is set before the connection is given up for its silence.
	silence atomic.Pointer[string]

	slots chan struct{}
	spare chan *session
	notes []string
}

var (
	_ backends.Dialer = (*backend)(nil)
	_ backends.Noter  = (*backend)(nil)
)

// newBackend takes a client over; ctx lends its values only.
func newBackend(ctx context.Context, client *xssh.Client, via io.Closer, heard *atomic.Int64) *backend {
	b := &backend{
		Connection: remote.NewConnection(ctx, killPatience),
		client:     client, via: via, heard: heard,
		lost:  make(chan struct{}),
		slots: make(chan struct{}, places),
		spare: make(chan *session, 1),
	}
	go func() {
		b.lostErr = client.Wait()
		close(b.lost)
		_ = via.Close()
	}()
	return b
}

// lostError says why nothing can be asked any more, or is nil.
func (b *backend) lostError() error {
	if err := context.Cause(b.Ctx); err != nil {
		return err
	}
	select {
	case <-b.lost:
	default:
		return nil
	}
	if why := b.silence.Load(); why != nil {
		return fmt.Errorf("%w: %s", backends.ErrLost, *why)
	}
	if b.lostErr == nil || errors.Is(b.lostErr, io.EOF) {
		return backends.ErrLost
	}
	return fmt.Errorf("%w: %w", backends.ErrLost, b.lostErr)
}

// Start implements backends.Backend.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	mark := remote.NewMark()
	exec, ahead, err := remote.Request(cmd, mark)
	if err != nil {
		return nil, err
	}
	cmd.Stdin = remote.Stdin(cmd, ahead)
	return b.Connection.Start(ctx, cmd, mark, func(ctx context.Context, p *remote.Process) (remote.Transport, error) {
		s, err := b.session(ctx)
		if err != nil {
			return nil, err
		}
		return newTransport(b, p, s, exec), nil
	})
}

// Notes implements backends.Noter: it tells of host keys that were not verified.
func (b *backend) Notes() []string { return b.notes }

// DialContext implements backends.Dialer by a direct-tcpip channel (RFC 4254, 7.2).
func (b *backend) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := b.lostError(); err != nil {
		return nil, err
	}
	return b.client.DialContext(ctx, network, address)
}

// Close implements backends.Backend.
func (b *backend) Close() error {
	b.Connection.Close()
	// Each process is killed within killPatience, and no new one starts.
	b.Wait()
	_ = b.client.Close()
	<-b.lost
	_ = b.via.Close()
	return nil
}

// keepAliveLoop ends the connection when nothing at all is heard for a while.
func (b *backend) keepAliveLoop(interval time.Duration, max int) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var answer chan struct{}
	var missed int
	heard := b.heard.Load()
	for {
		select {
		case <-b.lost:
			return
		case <-tick.C:
		}
		if now := b.heard.Load(); now != heard || answer == nil {
			heard, missed = now, 0
		} else if missed++; missed >= max {
			why := fmt.Sprintf("nothing was heard from it for %v", time.Duration(max)*interval)
			b.silence.Store(&why)
			_ = b.client.Close()
			_ = b.via.Close()
			return
		}
		if answer == nil || remote.IsClosed(answer) {
			done := make(chan struct{})
			answer = done
			go func() {
				defer close(done)
				// The server refuses what it does not know, which is an answer.
				_, _, _ = b.client.SendRequest("keepalive@openssh.com", true, nil)
			}()
		}
	}
}
