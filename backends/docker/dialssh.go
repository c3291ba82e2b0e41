package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends/remote"
)

// sshDialer connects to an engine on another host as the docker command does: by
// OpenSSH's client, which runs `docker system dial-stdio` there.
func sshDialer(host string) (func(ctx context.Context, network, addr string) (net.Conn, error), error) {
	u, err := url.Parse(host)
	if err != nil {
		return nil, errors.New("cannot read it as ssh://USER@HOST:PORT")
	}
	if _, set := u.User.Password(); set {
		return nil, errors.New("it holds a password; OpenSSH's client takes keys and agents")
	}
	if u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" ||
		strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-") {
		return nil, errors.New("want ssh://USER@HOST:PORT and nothing else")
	}
	// Nobody is there to answer a prompt.
	args := []string{"-o", "ConnectTimeout=30", "-o", "BatchMode=yes", "-T"}
	if name := u.User.Username(); name != "" {
		args = append(args, "-l", name)
	}
	if port := u.Port(); port != "" {
		args = append(args, "-p", port)
	}
	args = append(args, "--", u.Hostname(), "docker", "system", "dial-stdio")
	return func(context.Context, string, string) (net.Conn, error) {
		// Not by the context: the connection outlives the request it was made for.
		return dialCommand(exec.Command("ssh", args...))
	}, nil
}

// A commandConn is a connection by the input and output of a process.
type commandConn struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *os.File
	stderr remote.Tail

	close  sync.Once
	waited chan struct{}
}

// endGrace is how long the process may take to end when its input has.
const endGrace = 3 * time.Second

func dialCommand(cmd *exec.Cmd) (net.Conn, error) {
	c := &commandConn{cmd: cmd, waited: make(chan struct{})}
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// A pipe of our own: Wait would close one of StdoutPipe's before it is read.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.out, cmd.Stdout, cmd.Stderr = r, w, &c.stderr
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("start OpenSSH's client: %w", err)
	}
	go func() {
		_ = cmd.Wait() // what it says stands on stderr
		close(c.waited)
	}()
	return c, nil
}

// Read implements net.Conn. An end before anything came is explained by what the
// process said.
func (c *commandConn) Read(p []byte) (int, error) {
	n, err := c.out.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	select {
	case <-c.waited:
	case <-time.After(endGrace):
	}
	if said := c.stderr.String(); said != "" && c.cmd.ProcessState != nil && !c.cmd.ProcessState.Success() {
		return 0, fmt.Errorf("ssh says: %s", said)
	}
	return 0, io.EOF
}

// Write implements net.Conn.
func (c *commandConn) Write(p []byte) (int, error) { return c.in.Write(p) }

// CloseWrite ends the input, as the engine wants it for the end of a stdin.
func (c *commandConn) CloseWrite() error { return c.in.Close() }

// Close implements net.Conn.
func (c *commandConn) Close() error {
	c.close.Do(func() {
		_ = c.in.Close()
		_ = c.out.Close()
		select {
		case <-c.waited:
		case <-time.After(50 * time.Millisecond):
			_ = c.cmd.Process.Kill()
			<-c.waited
		}
	})
	return nil
}

// LocalAddr implements net.Conn.
func (c *commandConn) LocalAddr() net.Addr { return commandAddr{} }

// RemoteAddr implements net.Conn.
func (c *commandConn) RemoteAddr() net.Addr { return commandAddr{} }

// SetDeadline implements net.Conn. Requests end by their contexts, which close.
func (c *commandConn) SetDeadline(t time.Time) error { return c.out.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *commandConn) SetReadDeadline(t time.Time) error { return c.out.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *commandConn) SetWriteDeadline(time.Time) error { return nil }

type commandAddr struct{}

func (commandAddr) Network() string { return "ssh" }
func (commandAddr) String() string  { return "ssh" }
