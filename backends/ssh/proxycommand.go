package ssh

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hostspec/hostspec/backends/remote"
)

// proxyConn is a connection through the standard streams of a ProxyCommand.
type proxyConn struct {
	*remote.Child
	stderr remote.Tail
	// said is closed when stderr has ended.
	said chan struct{}
	once sync.Once
}

// startProxy runs a ProxyCommand by the user's shell, as OpenSSH does (ssh_config(5)).
// The connection outlives the context of dialing.
func startProxy(_ context.Context, command string) (net.Conn, error) {
	child, err := remote.StartChild([]string{first(os.Getenv("SHELL"), "/bin/sh"), "-c", "exec " + command})
	if err != nil {
		return nil, err
	}
	p := &proxyConn{Child: child, said: make(chan struct{})}
	go func() { defer close(p.said); _, _ = io.Copy(&p.stderr, p.Stderr) }()
	return p, nil
}

// within reports whether something happens in time.
func within(d time.Duration, happens <-chan struct{}) bool {
	select {
	case <-happens:
		return true
	case <-time.After(d):
		return false
	}
}

// words is how the command ended.
func (p *proxyConn) words() string {
	if !within(time.Second, p.Ended) {
		return "it closed its output before an SSH server said anything"
	}
	within(time.Second, p.said)
	s := fmt.Sprintf("it ended before an SSH server said anything (%s)", p.State)
	if words := p.stderr.String(); words != "" {
		s += ": " + words
	}
	return s
}

func (p *proxyConn) Read(b []byte) (int, error)  { return p.Stdout.Read(b) }
func (p *proxyConn) Write(b []byte) (int, error) { return p.Stdin.Write(b) }

// Close ends the command and what it started.
func (p *proxyConn) Close() error {
	p.once.Do(func() {
		_, _ = p.Stdin.Close(), p.Stdout.Close()
		// Most end by themselves when their input does, and have words to say.
		if !within(250*time.Millisecond, p.Ended) {
			p.SignalGroup(syscall.SIGTERM)
		}
		if !within(time.Second, p.Ended) {
			p.SignalGroup(syscall.SIGKILL)
			<-p.Ended
		}
		_ = p.Stderr.Close()
		<-p.said
	})
	return nil
}

func (p *proxyConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4zero} }
func (p *proxyConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

func (p *proxyConn) SetDeadline(t time.Time) error {
	_ = p.Stdin.SetWriteDeadline(t)
	return p.Stdout.SetReadDeadline(t)
}
func (p *proxyConn) SetReadDeadline(t time.Time) error  { return p.Stdout.SetReadDeadline(t) }
func (p *proxyConn) SetWriteDeadline(t time.Time) error { return p.Stdin.SetWriteDeadline(t) }
