// Package local is the backend for this machine. It registers the scheme local,
// whose only target is local://.
//
// Processes run in a session of their own, as they do over SSH: they have no
// terminal, and ending their context kills the process group that their session
// begins with. What leaves that group (by setsid, or under set -m) is not killed,
// nor is a program of another user, such as one under sudo, unless we are root.
// Files are read by system calls. Linux only.
package local

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

func init() {
	backends.Register("local", backends.Driver{
		Check: check,
		Open: func(context.Context, *backends.URI) (backends.Backend, error) {
			return New(), nil
		},
	})
}

func check(u *backends.URI) error {
	if u.Rest == "" {
		return nil
	}
	return errors.New("local:// is this machine and takes nothing after it; for another machine write ssh://HOST")
}

// A Backend starts processes on this machine and reads its files.
type Backend struct {
	mu      sync.Mutex
	closed  bool
	running map[*process]bool
}

var (
	_ backends.FileReader = (*Backend)(nil)
	_ backends.Runner     = (*Backend)(nil)
	_ backends.Dialer     = (*Backend)(nil)
)

// New returns a backend for this machine. There is nothing to connect to, so it
// cannot fail.
func New() *Backend { return &Backend{running: map[*process]bool{}} }

// Start implements backends.Backend. A program that does not exist is exit code
// 127 of Wait, and one that may not be executed 126, with a line on Stderr that
// says so, as a shell does it over SSH.
func (b *Backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	return b.start(ctx, cmd, false)
}

// Run implements backends.Runner. What holds the outputs when the process has ended
// loses them after the time of backends.Drain.
func (b *Backend) Run(ctx context.Context, cmd backends.Command) (backends.Status, error) {
	p, err := b.start(ctx, cmd, true)
	if err != nil {
		return backends.Status{}, err
	}
	return p.Wait()
}

func (b *Backend) start(ctx context.Context, cmd backends.Command, guarded bool) (*process, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	cmd.Args, cmd.Env = slices.Clone(cmd.Args), slices.Clone(cmd.Env)
	p, err := start(ctx, cmd, guarded)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	late := b.closed
	b.running[p] = true
	b.mu.Unlock()
	if late {
		p.kill(backends.ErrClosed)
	}
	context.AfterFunc(p.over, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.running, p)
	})
	return p, nil
}

// usable says whether anything may be begun.
func (b *Backend) usable(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return backends.ErrClosed
	}
	return context.Cause(ctx)
}

// Close kills what still runs and waits until it is gone.
func (b *Backend) Close() error {
	b.mu.Lock()
	b.closed = true
	running := make([]*process, 0, len(b.running))
	for p := range b.running {
		running = append(running, p)
	}
	b.mu.Unlock()
	var ends sync.WaitGroup
	for _, p := range running {
		ends.Go(func() {
			p.kill(backends.ErrClosed)
			p.Wait()
		})
	}
	ends.Wait()
	return nil
}

// Uname tells what uname(1) and id -u do: the kernel's name, the host's, the
// kernel's release, the machine, and the user.
func (b *Backend) Uname(ctx context.Context) (words [4]string, uid int, err error) {
	if err := b.usable(ctx); err != nil {
		return words, 0, err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return words, 0, os.NewSyscallError("uname", err)
	}
	for i, w := range [][65]byte{u.Sysname, u.Nodename, u.Release, u.Machine} {
		words[i] = unix.ByteSliceToString(w[:])
	}
	return words, os.Geteuid(), nil
}

// LookupEnv tells a variable of ours, which processes are started with, too.
func (b *Backend) LookupEnv(name string) (string, bool) { return os.LookupEnv(name) }

// DialContext connects from this machine, by net.Dialer.
func (b *Backend) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}
