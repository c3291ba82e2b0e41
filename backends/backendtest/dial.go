package backendtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/hostspec/hostspec/backends"
)

var dialChecks = []Check{
	{"dialling from the target", dial},
}

func dial(ctx context.Context, s *session) error {
	d, ok := s.Backend.(backends.Dialer)
	if !ok {
		return notApplicable("the backend does not dial")
	}
	if s.opts.Listen == nil {
		return notApplicable("Options.Listen is not set, so there is nothing to dial")
	}
	l, err := s.opts.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer l.Close()
	go echo(l)
	address := l.Addr().String()
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("expected a connection to %s, found %w", address, err)
	}
	const said = "hello\x00\xff\n"
	_, err = io.WriteString(conn, said)
	heard := make([]byte, len(said))
	_, read := io.ReadFull(conn, heard)
	errs := []error{err, read, same("echo", said, string(heard)), conn.Close(), l.Close()}
	if conn, err := d.DialContext(ctx, "tcp", address); err == nil {
		conn.Close()
		errs = append(errs, errors.New("expected an error where nobody listens, found a connection"))
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if conn, err := d.DialContext(ended, "tcp", address); err == nil {
		conn.Close()
		errs = append(errs, errors.New("expected an error of a context that has ended, found a connection"))
	}
	if _, err := must(ctx, s, `:`); err != nil {
		errs = append(errs, fmt.Errorf("the connection to the target did not survive: %w", err))
	}
	return errors.Join(errs...)
}

// echo says back what the first connection says.
func echo(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	io.Copy(conn, conn)
}
