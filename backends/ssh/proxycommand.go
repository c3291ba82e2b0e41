package ssh

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// proxyConn is a connection through the standard streams of a ProxyCommand.
type proxyConn struct {
	in, out *os.File
	cmd     *exec.Cmd
	stderr  tail
	// ended is closed when the command has ended.
	ended chan struct{}
	once  sync.Once
}

// startProxy runs a ProxyCommand by the user's shell, as OpenSSH does (ssh_config(5)).
func startProxy(_ context.Context, command string) (net.Conn, error) {
	shell := first(os.Getenv("SHELL"), "/bin/sh")
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		_, _ = theirIn.Close(), in.Close()
		return nil, err
	}
	p := &proxyConn{in: in, out: out, ended: make(chan struct{})}
	// Not CommandContext: the connection outlives the context of dialing.
	p.cmd = exec.Command(shell, "-c", "exec "+command)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirIn, theirOut, &p.stderr
	// A group of its own: Ctrl-C is for us to handle, and what it starts ends too.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	err = p.cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_, _ = in.Close(), out.Close()
		return nil, err
	}
	go func() { defer close(p.ended); _ = p.cmd.Wait() }()
	return p, nil
}

// ends waits for the command to end.
func (p *proxyConn) ends(within time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(within):
		return false
	}
}

// words is how the command ended.
func (p *proxyConn) words() string {
	if !p.ends(time.Second) {
		return "it closed its output before an SSH server said anything"
	}
	s := fmt.Sprintf("it ended before an SSH server said anything (%s)", p.cmd.ProcessState)
	if words := strings.TrimSpace(p.stderr.String()); words != "" {
		s += ": " + words
	}
	return s
}

func (p *proxyConn) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *proxyConn) Write(b []byte) (int, error) { return p.in.Write(b) }

// Close ends the command and what it started.
func (p *proxyConn) Close() error {
	p.once.Do(func() {
		_, _ = p.in.Close(), p.out.Close()
		// Most end by themselves when their input does, and have words to say.
		if p.ends(250 * time.Millisecond) {
			return
		}
		group := -p.cmd.Process.Pid
		_ = syscall.Kill(group, syscall.SIGTERM)
		if !p.ends(time.Second) {
			_ = syscall.Kill(group, syscall.SIGKILL)
			<-p.ended
		}
	})
	return nil
}

func (p *proxyConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4zero} }
func (p *proxyConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

func (p *proxyConn) SetDeadline(t time.Time) error {
	_ = p.in.SetWriteDeadline(t)
	return p.out.SetReadDeadline(t)
}
func (p *proxyConn) SetReadDeadline(t time.Time) error  { return p.out.SetReadDeadline(t) }
func (p *proxyConn) SetWriteDeadline(t time.Time) error { return p.in.SetWriteDeadline(t) }

// tail keeps the last of what was written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 2048; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
