package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
)

// dialer opens one target.
type dialer struct {
	// target is how people see it.
	target  string
	options options
	// notes are what reports are to say about the way to the target.
	notes []string
}

// link is a connection to a host that let us in.
type link struct {
	client *xssh.Client
	conn   *conn
	// via closes what the connection runs through, be it a process or other links.
	via io.Closer
}

// connect logs in to a host, by way of its jump hosts. inner are the hosts that it is
// a jump host for.
func (d *dialer) connect(ctx context.Context, h *host, inner []*host) (*link, error) {
	for _, i := range inner {
		if i.name == h.name && i.port == h.port && i.user == h.user {
			return nil, d.unreachable("follow ProxyJump", fmt.Errorf("it goes round in a circle: %s", circle(h, inner)),
				"In ssh_config, say ProxyJump none for the jump host itself.")
		}
	}
	route, via, err := d.route(ctx, h, inner)
	if err != nil {
		return nil, err
	}
	l, err := d.login(ctx, h, route, len(inner) == 0)
	if err != nil {
		_ = via.Close()
		return nil, err
	}
	l.via = closers{l.via, via}
	return l, nil
}

// circle names hosts in the order in which they ask for each other.
func circle(h *host, inner []*host) string {
	var names []string
	for _, i := range inner {
		names = append(names, i.asked.host)
	}
	return strings.Join(append(names, h.asked.host), " -> ")
}

// A route makes a connection to one host. The closer is what has to end with it.
type route func(ctx context.Context) (net.Conn, error)

// nothing is a closer for what ends by itself.
type nothing struct{}

func (nothing) Close() error { return nil }

// closers close in order.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, x := range c {
		errs = append(errs, x.Close())
	}
	return errors.Join(errs...)
}

// route finds the way to a host.
func (d *dialer) route(ctx context.Context, h *host, inner []*host) (route, io.Closer, error) {
	where := net.JoinHostPort(h.name, h.port)
	switch {
	case h.proxyJump != "":
		return d.jump(ctx, h, inner)
	case h.proxyCommand != "":
		return func(ctx context.Context) (net.Conn, error) { return startProxy(ctx, h.proxyCommand) }, nothing{}, nil
	}
	return func(ctx context.Context) (net.Conn, error) {
		var n net.Dialer
		return n.DialContext(ctx, "tcp", where)
	}, nothing{}, nil
}

// bracketed is a host without a colon in the brackets that ssh -G puts around every
// jump host with a port.
var bracketed = regexp.MustCompile(`^([^\[]*)\[([^:\]]*)\]`)

// jump logs in to the last of the jump hosts, by way of those before it, as OpenSSH
// does: each has settings of its own, and the first may have a ProxyJump itself.
func (d *dialer) jump(ctx context.Context, h *host, inner []*host) (route, io.Closer, error) {
	before, last := "", h.proxyJump
	if i := strings.LastIndexByte(last, ','); i >= 0 {
		before, last = last[:i], last[i+1:]
	}
	a, err := parseAddress(bracketed.ReplaceAllString(strings.TrimPrefix(strings.TrimSpace(last), "ssh://"), "$1$2"))
	if err != nil {
		return nil, nil, d.unreachable(fmt.Sprintf("ProxyJump %q of %s", h.proxyJump, h.asked.host), err, "")
	}
	var override *string
	if before != "" {
		override = &before
	}
	hop, err := d.resolve(ctx, a, override)
	if err != nil {
		return nil, nil, err
	}
	l, err := d.connect(ctx, hop, append(inner, h))
	if err != nil {
		return nil, nil, err
	}
	where := net.JoinHostPort(h.name, h.port)
	return func(ctx context.Context) (net.Conn, error) {
		return l.client.DialContext(ctx, "tcp", where)
	}, closers{l.client, l.via}, nil
}

// login connects and logs in, and tries again while the server has too many others
// at its door.
func (d *dialer) login(ctx context.Context, h *host, route route, isTarget bool) (*link, error) {
	pause := 50 * time.Millisecond
	var last error
	for {
		l, err := d.attempt(ctx, h, route, isTarget)
		var busy *busyError
		switch {
		case errors.As(err, &busy):
			last = err
		case err != nil && last != nil && over(ctx):
			return nil, last
		default:
			return l, err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
			pause = min(2*pause, time.Second)
		case <-ctx.Done():
			return nil, last
		}
	}
}

// over reports whether a context has ended, or is about to: a dialer goes by its deadline,
// and may be a little ahead of it.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// attempt is one connection.
func (d *dialer) attempt(ctx context.Context, h *host, route route, isTarget bool) (*link, error) {
	raw, err := route(ctx)
	if err != nil {
		return nil, d.dialError(ctx, h, err)
	}
	c := &conn{Conn: raw}
	l := &handshake{dialer: d, host: h, isTarget: isTarget}
	config, err := l.config(ctx)
	defer l.close()
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	// A handshake knows no context. Closing ends it on every kind of
	// connection; a deadline is not known to all.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	inner, channels, requests, err := xssh.NewClientConn(c, h.known(), config)
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		_ = raw.Close()
		return nil, l.explain(ctx, c, err)
	}
	if l.note != "" {
		d.notes = append(d.notes, l.note)
	}
	via := io.Closer(nothing{})
	if p, ok := raw.(*proxyConn); ok {
		via = p
	}
	return &link{client: xssh.NewClient(inner, channels, requests), conn: c, via: via}, nil
}

// known is the name under which known_hosts knows a host.
func (h *host) known() string {
	if host, port, err := net.SplitHostPort(h.alias); err == nil && strings.HasPrefix(h.alias, "[") {
		return net.JoinHostPort(host, port) // written as known_hosts does
	}
	if h.alias != "" {
		return net.JoinHostPort(h.alias, "22")
	}
	return net.JoinHostPort(h.name, h.port)
}

// where is a host as people see it.
func (h *host) where() string {
	s := net.JoinHostPort(h.name, h.port)
	if h.asked.host != h.name {
		s += " (" + h.asked.host + ")"
	}
	return s
}

func (d *dialer) unreachable(tried string, err error, advice string) error {
	return &backends.UnreachableError{Target: d.target, Tried: tried, Err: err, Advice: advice}
}
