package rig_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// echo answers each connection with what it says.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestProxyDelaysAndKeepsOrder(t *testing.T) {
	const rtt = 100 * time.Millisecond
	c, err := net.Dial("tcp", rig.DelayProxy(t, echo(t), rtt))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Minute))
	began := time.Now()
	say(t, c, 1)
	if took := time.Since(began); took < 2*rtt {
		t.Errorf("handshake and answer took %v, less than two round trips", took)
	}
	began = time.Now()
	say(t, c, 1)
	if took := time.Since(began); took < rtt {
		t.Errorf("an answer took %v, less than a round trip", took)
	}
	// If each piece waited for the one before, this would take minutes.
	say(t, c, 32<<20)
}

// say wants n random bytes back.
func say(t *testing.T, c net.Conn, n int) {
	t.Helper()
	sent, got := make([]byte, n), make([]byte, n)
	_, _ = rand.Read(sent)
	go func() { _, _ = c.Write(sent) }()
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sent, got) {
		t.Error("other bytes came back")
	}
}

func TestProxyPassesTheEndOn(t *testing.T) {
	c, err := net.Dial("tcp", rig.DelayProxy(t, echo(t), 10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Minute))
	_, _ = c.Write([]byte("bye"))
	_ = c.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(c); err != nil || string(got) != "bye" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProxyGoesDead(t *testing.T) {
	p := rig.StartProxy(t, echo(t), 0)
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Minute))
	say(t, c, 1)
	p.Freeze()
	_, _ = c.Write([]byte("hello?"))
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !isTimeout(err) {
		t.Errorf("%d bytes, %v", n, err)
	}
	p.Drop()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute))
	if n, err := c.Read(make([]byte, 1)); n != 0 || isTimeout(err) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}
