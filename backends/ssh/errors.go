package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"

	xssh "golang.org/x/crypto/ssh"
)

// worded says an error in words for people and keeps it for errors.Is and As.
type worded struct {
	text string
	err  error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.err }

// A busyError says that the server had no ear for another connection, and that it
// may have one later.
type busyError struct {
	text string
	err  error
}

func (e *busyError) Error() string { return e.text }
func (e *busyError) Unwrap() error { return e.err }

// dialError words what happened before there was a connection.
func (d *dialer) dialError(ctx context.Context, h *host, err error) error {
	tried := "connect to " + h.where()
	var dns *net.DNSError
	var refused *xssh.OpenChannelError
	switch {
	case errors.As(err, &refused):
		return d.unreachable(tried, &worded{"the jump host cannot connect to it: " + visible([]byte(refused.Message), 200), err},
			"Is the name known to the jump host, and does its sshd allow forwarding (AllowTcpForwarding)?")
	case ctx.Err() != nil:
		return d.unreachable(tried, &worded{context.Cause(ctx).Error(), errors.Join(context.Cause(ctx), err)},
			"Is the host up, and does no firewall drop the connection? connect_timeout=30s waits longer.")
	case errors.As(err, &dns) && dns.IsNotFound:
		return d.unreachable(tried, &worded{fmt.Sprintf("no such host: %q", dns.Name), err},
			"Neither ssh_config nor the resolver of this machine knows the name.")
	case errors.As(err, &dns):
		return d.unreachable(tried, &worded{fmt.Sprintf("the name %q could not be looked up: %s", dns.Name, dns.Err), err}, "")
	case errors.Is(err, syscall.ECONNREFUSED):
		return d.unreachable(tried, &worded{"connection refused", err}, "Nothing listens there. Does sshd run, and on this port?")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return d.unreachable(tried, &worded{"no route to the host", err}, "")
	}
	return d.unreachable(tried, err, "")
}

// explain words what happened on a connection.
func (l *handshake) explain(ctx context.Context, c *conn, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	where := l.host.where()
	greeting := c.greeting()
	busy := bytes.HasPrefix(greeting, []byte("Exceeded MaxStartups"))
	var key *hostKeyError
	var none *xssh.AlgorithmNegotiationError
	switch {
	case errors.As(l.hostKey, &key):
		return l.unreachable("check the host key of "+where, key, key.advice)
	case len(greeting) > 0 && !busy && !isSSH(greeting):
		return l.unreachable("log in at "+where, &worded{"not an SSH server; it says " + visible(greeting, 80), err}, "Is the port right?")
	case ctx.Err() != nil:
		text := context.Cause(ctx).Error() + " to the login"
		if len(greeting) == 0 {
			text = context.Cause(ctx).Error() + "; the connection stands, but no SSH server says anything"
		}
		return l.unreachable("log in at "+where, &worded{text, errors.Join(context.Cause(ctx), err)}, "")
	case len(greeting) == 0:
		return l.silent(c, where, err)
	case busy:
		return l.unreachable("log in at "+where, &busyError{"too many others are logging in (Exceeded MaxStartups)", err},
			"Raise MaxStartups in its sshd_config, or connect_timeout.")
	case errors.As(err, &none):
		return l.algorithmError(none)
	case l.allowed != nil:
		return l.authError(err)
	}
	return l.unreachable("log in at "+where, err, "")
}

// silent words a connection that was closed before the server said a word.
func (l *handshake) silent(c *conn, where string, err error) error {
	if p, ok := c.Conn.(*proxyConn); ok {
		return l.unreachable("run the ProxyCommand of "+l.host.asked.host+" ("+l.host.proxyCommand+")",
			&worded{p.words(), err}, "")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return l.unreachable("log in at "+where, &busyError{"the server closed the connection before it said anything, again and again", err},
			"Its sshd may have too many others at its door (MaxStartups), or something refuses this address.")
	}
	return l.unreachable("log in at "+where, err, "")
}

// isSSH reports whether one of the lines is an identification (RFC 4253, 4.2).
func isSSH(greeting []byte) bool {
	return bytes.HasPrefix(greeting, []byte("SSH-")) || bytes.Contains(greeting, []byte("\nSSH-"))
}

// visible quotes the first bytes of a text, with control characters made visible.
func visible(text []byte, most int) string {
	if len(text) > most {
		return strconv.QuoteToASCII(string(text[:most])) + "..."
	}
	return strconv.QuoteToASCII(string(text))
}
