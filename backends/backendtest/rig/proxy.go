package rig

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/internal/quickack"
)

// A Proxy is a network in between: it passes TCP connections on to one address
// with the delay of a line, and can go dead.
type Proxy struct {
	// Addr is where it listens, 127.0.0.1:PORT.
	Addr string

	to       string
	rtt      time.Duration
	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed chan struct{}
	frozen bool
}

// DelayProxy starts a Proxy to addr for the length of a test or benchmark and
// returns its address.
func DelayProxy(tb testing.TB, addr string, rtt time.Duration) string {
	tb.Helper()
	return StartProxy(tb, addr, rtt).Addr
}

// StartProxy starts a Proxy to addr for the length of a test or benchmark.
func StartProxy(tb testing.TB, addr string, rtt time.Duration) *Proxy {
	tb.Helper()
	p, err := ListenProxy(addr, rtt)
	must(tb, err)
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

// ListenProxy starts a Proxy to addr. Every byte arrives half a round trip after it
// was sent, in order and without a limit on how many are on their way; a new
// connection costs the round trip of its handshake.
func ListenProxy(addr string, rtt time.Duration) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		Addr: l.Addr().String(), to: addr, rtt: rtt, listener: l,
		conns: map[net.Conn]bool{}, closed: make(chan struct{}),
	}
	p.wg.Go(p.accept)
	return p, nil
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.add(c) {
			return
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

// add keeps a connection to be closed by Close; false after it.
func (p *Proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		_ = c.Close()
		return false
	default:
		p.conns[c] = true
		return true
	}
}

// Freeze stops passing anything on, without closing anything: the network is gone
// and nobody was told.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = true
}

// Drop closes the connections that are open, as a middlebox that restarts does.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Close ends the proxy and its connections, and waits until both are gone.
func (p *Proxy) Close() error {
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.Drop()
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	// The kernel has answered the handshake already. On a real line the server
	// accepts one and a half round trips after our connect: SYN, SYN-ACK, ACK.
	if !p.sleep(p.rtt + p.rtt/2) {
		return
	}
	server, err := net.Dial("tcp", p.to)
	if err != nil || !p.add(server) {
		return
	}
	defer func() { _ = server.Close() }()
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client) })
	both.Go(func() { p.pass(client, server) })
	both.Wait()
}

// sleep is false when the proxy was closed meanwhile.
func (p *Proxy) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.closed:
		return false
	}
}

// A parcel is bytes on their way; the last one of a connection has none.
type parcel struct {
	data []byte
	due  time.Time
}

// pass carries one direction. Reading goes on while earlier parcels travel, so that
// the delay costs no throughput.
func (p *Proxy) pass(dst, src net.Conn) {
	line := make(chan parcel, 1<<14)
	p.wg.Go(func() {
		defer close(line)
		for {
			buf := make([]byte, 32<<10)
			n, err := src.Read(buf)
			// On a real line the other end would acknowledge, and not wait.
			quickack.Set(src)
			due := time.Now().Add(p.rtt / 2)
			if n > 0 {
				line <- parcel{buf[:n], due}
			}
			if err != nil {
				line <- parcel{nil, due}
				return
			}
		}
	})
	for x := range line {
		if !p.sleep(time.Until(x.due)) || p.isFrozen() {
			continue
		}
		if x.data == nil {
			closeWrite(dst)
			continue
		}
		if _, err := dst.Write(x.data); err != nil {
			// The other side is gone; its sender is to know.
			_ = src.Close()
		}
	}
}

func (p *Proxy) isFrozen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen
}

func closeWrite(c net.Conn) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}
