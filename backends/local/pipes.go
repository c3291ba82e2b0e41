package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

// files are the descriptors of a process that is about to start.
type files struct {
	theirs []*os.File // 0, 1 and 2 of the process
	ours   []*os.File
}

// input gives the process a stdin, and returns our end of it: none where there is
// nothing to send.
func (f *files) input(from io.Reader) (*os.File, error) {
	if from == nil {
		return nil, f.null(os.O_RDONLY)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	f.theirs, f.ours = append(f.theirs, r), append(f.ours, w)
	return w, nil
}

// outputs gives the process a stdout and a stderr.
func (f *files) outputs(cmd backends.Command) ([]*output, error) {
	var outs []*output
	for _, stream := range []struct {
		name string
		to   io.Writer
	}{{"stdout", cmd.Stdout}, {"stderr", cmd.Stderr}} {
		if stream.to == nil {
			if err := f.null(os.O_WRONLY); err != nil {
				return nil, err
			}
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		f.theirs, f.ours = append(f.theirs, w), append(f.ours, r)
		outs = append(outs, &output{name: stream.name, from: r, to: stream.to})
	}
	return outs, nil
}

func (f *files) null(flag int) error {
	null, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		f.theirs = append(f.theirs, null)
	}
	return err
}

func (f *files) closeTheirs() { closeAll(f.theirs) }
func (f *files) closeOurs()   { closeAll(f.ours) }

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// feed copies stdin to the process and closes it. That the process does not read
// it to its end is not an error, and an error of the reader can only be an end too.
func feed(stdin *os.File, from io.Reader) {
	io.Copy(onlyWriter{stdin}, from)
	stdin.Close()
}

// An onlyWriter keeps io.Copy from asking for more than Write.
type onlyWriter struct{ io.Writer }

// An output is one stream of a process on its way to a writer.
type output struct {
	name string
	from *os.File
	to   io.Writer
	err  error // of the writer
	// lingers is for how long whoever still prints does not die of it.
	lingers time.Duration
}

// copy writes what comes until the pipe is closed by all who hold it, or expires.
func (o *output) copy() {
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	*pooled = slices.Grow((*pooled)[:0], 32<<10)
	buf := (*pooled)[:cap(*pooled)]
	for {
		n, err := o.from.Read(buf)
		o.write(buf[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.rest(buf)
			time.AfterFunc(o.lingers, func() { o.from.Close() })
			return
		}
		if err != nil {
			o.from.Close()
			return
		}
	}
}

// expire ends a copy that waits.
func (o *output) expire() { o.from.SetReadDeadline(time.Unix(1, 0)) }

// rest takes what stands in the pipe now and no more: all that the process itself
// printed is there, however slow the writer was, while a descendant may print for
// ever.
func (o *output) rest(buf []byte) {
	o.from.SetReadDeadline(time.Time{})
	conn, err := o.from.SyscallConn()
	if err != nil {
		return
	}
	var left int // by FIONREAD, which Linux calls TIOCINQ too
	conn.Control(func(fd uintptr) { left, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	for err == nil && left > 0 {
		var n int
		n, err = o.from.Read(buf[:min(left, len(buf))])
		o.write(buf[:n])
		left -= n
	}
}

// write hands on. When the writer fails the process is not made to feel it: the
// pipe is still read.
func (o *output) write(p []byte) {
	if o.err != nil || len(p) == 0 {
		return
	}
	n, err := o.to.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.err = fmt.Errorf("writing its %s: %w", o.name, err)
	}
}
