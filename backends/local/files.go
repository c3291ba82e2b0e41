package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

// ask does a file's system call under a deadline, by leaving a call that does not
// return (a dead network file system) to itself; of a patient caller it is the
// caller who does so.
func ask[T any](ctx context.Context, b *Backend, op, name string, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if err := b.usable(ctx); err != nil {
		return none, err
	}
	if !filepath.IsAbs(name) {
		return none, &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("not an absolute name: %w", fs.ErrInvalid)}
	}
	if backends.IsPatient(ctx) {
		value, err := call()
		return value, pathError(op, name, err)
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := call()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, pathError(op, name, a.err)
	case <-ctx.Done():
		go func() {
			// What is opened too late is closed again.
			if late, ok := any((<-answers).value).(io.Closer); ok {
				late.Close()
			}
		}()
		return none, &fs.PathError{Op: op, Path: name, Err: context.Cause(ctx)}
	}
}

// pathError names the file, and makes fs.ErrNotExist of a path below what is no
// directory.
func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	if errors.Is(err, unix.ENOTDIR) {
		err = fmt.Errorf("%w: %w", err, fs.ErrNotExist)
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Stat implements backends.FileReader by stat(2) or lstat(2). The names of owner
// and group are those of /etc/passwd and /etc/group, and empty where these have
// none: other sources of names are not asked.
func (b *Backend) Stat(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
	return ask(ctx, b, "stat", name, func() (backends.FileInfo, error) {
		stat := unix.Lstat
		if follow {
			stat = unix.Stat
		}
		var st unix.Stat_t
		if err := retry(func() error { return stat(name, &st) }); err != nil {
			return backends.FileInfo{}, err
		}
		uid, gid := int(st.Uid), int(st.Gid)
		return backends.FileInfo{
			Mode: st.Mode, UID: uid, GID: gid,
			Owner: nameOf("/etc/passwd", uid), Group: nameOf("/etc/group", gid),
			Size: st.Size, ModTime: time.Unix(st.Mtim.Unix()),
		}, nil
	})
}

// buffers are for what processes print, and for files that are read anew for each Stat, so
// that their names are those of now.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// nameOf finds the first name with a number in a file like passwd(5) or group(5):
// in both the third field is the number.
func nameOf(file string, id int) string {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	*buf, _ = appendFile((*buf)[:0], file) // what cannot be read has no name
	want := strconv.AppendInt(nil, int64(id), 10)
	for line := range bytes.Lines(*buf) {
		name, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(":"))
		_, rest, _ = bytes.Cut(rest, []byte(":"))
		if number, _, _ := bytes.Cut(rest, []byte(":")); bytes.Equal(number, want) {
			return string(name)
		}
	}
	return ""
}

// Open implements backends.FileReader. What would have to be waited for is an
// error of Read: some files of /proc and /sys tell what happens next.
func (b *Backend) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return ask(ctx, b, "open", name, func() (io.ReadCloser, error) {
		var st unix.Stat_t
		regular := func(err error) error {
			if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
				err = backends.ErrNotRegular
			}
			return err
		}
		// Looked at before it is opened, since opening alone makes some devices do
		// something; and again after that, when it can no longer be another.
		if err := regular(retry(func() error { return unix.Stat(name, &st) })); err != nil {
			return nil, err
		}
		var fd int
		err := retry(func() (err error) {
			fd, err = unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := regular(unix.Fstat(fd, &st)); err != nil {
			unix.Close(fd)
			return nil, err
		}
		return &file{name: name, fd: fd}, nil
	})
}

// A file is read without Go's poller, which would wait where read(2) says that
// there is nothing now.
type file struct {
	name string
	mu   sync.Mutex
	fd   int // -1 after Close
}

func (f *file) Read(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrClosed}
	}
	if len(p) == 0 {
		return 0, nil
	}
	err = retry(func() (err error) {
		n, err = unix.Read(f.fd, p)
		return err
	})
	if err != nil {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: err}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	fd := f.fd
	f.fd = -1
	return unix.Close(fd)
}

// ReadDir implements backends.FileReader.
func (b *Backend) ReadDir(ctx context.Context, name string) ([]string, error) {
	return ask(ctx, b, "readdir", name, func() ([]string, error) {
		var fd int
		err := retry(func() (err error) {
			fd, err = unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
			return err
		})
		if err != nil {
			var st unix.Stat_t
			if errors.Is(err, unix.ENOTDIR) && unix.Stat(name, &st) == nil {
				// It exists, and is something else.
				err = errors.New("not a directory")
			}
			return nil, err
		}
		dir := os.NewFile(uintptr(fd), name)
		defer dir.Close()
		names, err := dir.Readdirnames(-1)
		slices.Sort(names)
		return names, err
	})
}

// ReadLink implements backends.FileReader.
func (b *Backend) ReadLink(ctx context.Context, name string) (string, error) {
	return ask(ctx, b, "readlink", name, func() (string, error) { return os.Readlink(name) })
}
