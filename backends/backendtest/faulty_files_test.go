package backendtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/local"
)

// A faultyReader is the local backend with a file method done wrong.
type faultyReader struct {
	*local.Backend
	stat    func(ctx context.Context, name string, follow bool) (backends.FileInfo, error)
	open    func(ctx context.Context, name string) (io.ReadCloser, error)
	readDir func(ctx context.Context, name string) ([]string, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	change  func(cmd *backends.Command)
}

func (f *faultyReader) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	if f.change != nil {
		f.change(&cmd)
	}
	return f.Backend.Start(ctx, cmd)
}

func (f *faultyReader) Stat(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
	if f.stat != nil {
		return f.stat(ctx, name, follow)
	}
	return f.Backend.Stat(ctx, name, follow)
}

func (f *faultyReader) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if f.open != nil {
		return f.open(ctx, name)
	}
	return f.Backend.Open(ctx, name)
}

func (f *faultyReader) ReadDir(ctx context.Context, name string) ([]string, error) {
	if f.readDir != nil {
		return f.readDir(ctx, name)
	}
	return f.Backend.ReadDir(ctx, name)
}

func (f *faultyReader) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if f.dial != nil {
		return f.dial(ctx, network, address)
	}
	return f.Backend.DialContext(ctx, network, address)
}

// reading makes a backend with one wrong method.
func reading(spoil func(f *faultyReader)) maker {
	return func() backends.Backend {
		f := &faultyReader{Backend: local.New()}
		spoil(f)
		return f
	}
}

// stating makes a backend that changes what it says about a file.
func stating(change func(info *backends.FileInfo)) maker {
	return reading(func(f *faultyReader) {
		f.stat = func(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
			info, err := f.Backend.Stat(ctx, name, follow)
			change(&info)
			return info, err
		}
	})
}

// opening with package os alone waits for a writer to a named pipe.
func byOS(f *faultyReader) {
	f.open = func(_ context.Context, name string) (io.ReadCloser, error) { return os.Open(name) }
}

func statFaults() []fault {
	return []fault{
		{"says permissions without a type", "files: stat", stating(func(i *backends.FileInfo) { i.Mode &= 0o7777 })},
		{"says Go's mode", "files: stat", stating(func(i *backends.FileInfo) {
			if i.Mode&0o170000 == 0o040000 {
				i.Mode = uint32(os.ModeDir) | i.Mode&0o777
			}
		})},
		{"does not know the owner", "files: stat", stating(func(i *backends.FileInfo) { i.UID++ })},
		{"names a wrong owner", "files: stat", stating(func(i *backends.FileInfo) { i.Owner = "nobody-else" })},
		{"rounds the size", "files: stat", stating(func(i *backends.FileInfo) { i.Size = i.Size / 512 * 512 })},
		{"says when it looked", "files: stat", stating(func(i *backends.FileInfo) { i.ModTime = i.ModTime.Add(1) })},
		{"always follows", "files: symbolic links", reading(func(f *faultyReader) {
			f.stat = func(ctx context.Context, name string, _ bool) (backends.FileInfo, error) {
				return f.Backend.Stat(ctx, name, true)
			}
		})},
		{"never follows", "files: symbolic links", reading(func(f *faultyReader) {
			f.stat = func(ctx context.Context, name string, _ bool) (backends.FileInfo, error) {
				return f.Backend.Stat(ctx, name, false)
			}
		})},
	}
}

func readFaults() []fault {
	return []fault{
		{"reads text", "files: content", reading(func(f *faultyReader) {
			f.open = func(ctx context.Context, name string) (io.ReadCloser, error) {
				r, err := f.Backend.Open(ctx, name)
				if err != nil {
					return nil, err
				}
				all, err := io.ReadAll(r)
				return io.NopCloser(bytes.NewReader(bytes.ToValidUTF8(all, nil))), errors.Join(err, r.Close())
			}
		})},
		{"does not sort", "files: folders", reading(func(f *faultyReader) {
			f.readDir = func(ctx context.Context, name string) ([]string, error) {
				names, err := f.Backend.ReadDir(ctx, name)
				slices.Reverse(names)
				return names, err
			}
		})},
		{"lists . and ..", "files: folders", reading(func(f *faultyReader) {
			f.readDir = func(ctx context.Context, name string) ([]string, error) {
				names, err := f.Backend.ReadDir(ctx, name)
				return append([]string{".", ".."}, names...), err
			}
		})},
		{hangs + "opens pipes", "files: what is not a regular file is not opened", reading(byOS)},
		{"says ENOTDIR", "files: what does not exist", reading(func(f *faultyReader) {
			f.stat = func(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
				info, err := f.Backend.Stat(ctx, name, follow)
				if errors.Is(err, syscall.ENOTDIR) {
					err = syscall.ENOTDIR
				}
				return info, err
			}
		})},
		// The test is root, for whom nothing is forbidden: here the target only
		// says that it is somebody else.
		{"reads what is forbidden", "files: what is forbidden", reading(func(f *faultyReader) {
			f.change = func(cmd *backends.Command) {
				cmd.Args[2] = strings.Replace(cmd.Args[2], "id -u", "echo 1000", 1)
			}
			f.open = func(_ context.Context, name string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("secret")), nil
			}
		})},
		{"believes the size", "files: /proc", reading(func(f *faultyReader) {
			f.open = func(ctx context.Context, name string) (io.ReadCloser, error) {
				info, err := f.Backend.Stat(ctx, name, true)
				if err != nil {
					return nil, err
				}
				r, err := f.Backend.Open(ctx, name)
				if err != nil {
					return nil, err
				}
				all, err := io.ReadAll(io.LimitReader(r, info.Size))
				return io.NopCloser(bytes.NewReader(all)), errors.Join(err, r.Close())
			}
		})},
	}
}

func dialFaults() []fault {
	const check = "dialling from the target"
	return []fault{
		{"cannot dial", check, reading(func(f *faultyReader) {
			f.dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }
		})},
		{"promises a connection", check, reading(func(f *faultyReader) {
			f.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := f.Backend.DialContext(ctx, network, address)
				if err != nil {
					conn, _ = net.Pipe()
				}
				return conn, nil
			}
		})},
	}
}

// A mortal is a target that killMortal kills.
type mortal struct {
	backends.Backend
	tells bool
}

// lastMortal is the one that was opened last, for Options.Kill.
var lastMortal struct {
	sync.Mutex
	*mortal
}

func newMortal(tells bool) maker {
	return func() backends.Backend {
		lastMortal.Lock()
		defer lastMortal.Unlock()
		lastMortal.mortal = &mortal{local.New(), tells}
		return lastMortal.mortal
	}
}

func killMortal(context.Context) error {
	lastMortal.Lock()
	defer lastMortal.Unlock()
	return lastMortal.Backend.Close()
}

func (m *mortal) lost(err error) error {
	if m.tells && errors.Is(err, backends.ErrClosed) {
		return backends.ErrLost
	}
	return err
}

func (m *mortal) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	p, err := m.Backend.Start(ctx, cmd)
	if err != nil {
		return nil, m.lost(err)
	}
	return processFunc(func() (backends.Status, error) {
		status, err := p.Wait()
		return status, m.lost(err)
	}), nil
}

var _ backendtest.Opener = opening(newMortal(true))
