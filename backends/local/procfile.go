package local

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// AppendProcFile appends the content of a file below /proc to buf. Unlike Open it
// does not look at what the file is before it opens it: those of /proc are known.
// A reader of thousands of them needs no memory but its buffer.
func (b *Backend) AppendProcFile(ctx context.Context, buf []byte, name string) ([]byte, error) {
	if !strings.HasPrefix(name, "/proc/") || strings.Contains(name, "..") {
		return buf, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	if err := b.usable(ctx); err != nil {
		return buf, err
	}
	buf, err := appendFile(buf, name)
	return buf, pathError("read", name, err)
}

func appendFile(buf []byte, name string) ([]byte, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return buf, err
	}
	defer unix.Close(fd)
	for {
		buf = slices.Grow(buf, 4096)
		var n int
		err := retry(func() (err error) {
			n, err = unix.Read(fd, buf[len(buf):cap(buf)])
			return err
		})
		if err != nil || n == 0 {
			return buf, err
		}
		buf = buf[:len(buf)+n]
	}
}
