package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

func TestFilesRefuse(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	b := New()
	defer b.Close()
	if _, err := b.Open(t.Context(), socket); !errors.Is(err, backends.ErrNotRegular) {
		t.Errorf("a socket: expected ErrNotRegular, found %v", err)
	}
	for _, name := range []string{fifo, "/etc/passwd", socket} {
		if _, err := b.ReadDir(t.Context(), name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadDir of %s: expected an error, and not that it does not exist, found %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "etc/passwd", "../etc"} {
		_, err := b.Stat(t.Context(), name, true)
		_, err2 := b.Open(t.Context(), name)
		if !errors.Is(err, fs.ErrInvalid) || !errors.Is(err2, fs.ErrInvalid) {
			t.Errorf("name %q: expected fs.ErrInvalid, found %v and %v", name, err, err2)
		}
	}
	if _, err := b.Stat(t.Context(), "/etc/pass\x00wd", true); err == nil {
		t.Error("expected an error of a name with a NUL")
	}
	ended, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if _, err := b.Stat(ended, "/", true); !errors.Is(err, stop) {
		t.Errorf("expected the cause of the context, found %v", err)
	}
}

// Errors name the file and what was asked.
func TestFilesErrors(t *testing.T) {
	b := New()
	defer b.Close()
	_, err := b.Stat(t.Context(), "/etc/passwd/below", true)
	if want := "stat /etc/passwd/below: not a directory: file does not exist"; err == nil || err.Error() != want {
		t.Errorf("expected %q, found %v", want, err)
	}
	_, err = b.ReadLink(t.Context(), "/missing")
	if want := "readlink /missing: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("expected %q, found %v", want, err)
	}
}

func TestNames(t *testing.T) {
	b := New()
	defer b.Close()
	info, err := b.Stat(t.Context(), "/etc/passwd", true)
	if err != nil || info.Owner != "root" || info.Group != "root" {
		t.Errorf("expected root and root, found %q and %q, %v", info.Owner, info.Group, err)
	}
	file := filepath.Join(t.TempDir(), "passwd")
	text := "# comment\n\nroot:x:0:0::/root:/bin/sh\nfirst:x:7:8\nsecond:x:7:9\nshort:x\n+nis\n70:x:70:1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]string{0: "root", 7: "first", 70: "70", 8: "", 4242: ""} {
		if found := nameOf(file, id); found != want {
			t.Errorf("number %d: expected %q, found %q", id, want, found)
		}
	}
	if found := nameOf(filepath.Join(file, "missing"), 0); found != "" {
		t.Errorf("expected no name without the file, found %q", found)
	}
}

func TestClosedFile(t *testing.T) {
	b := New()
	defer b.Close()
	f, err := b.Open(t.Context(), "/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Read(nil); n != 0 || err != nil {
		t.Errorf("expected reading nothing to read nothing, found %d, %v", n, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	_, read := f.Read(make([]byte, 1))
	for _, err := range []error{read, f.Close()} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("expected fs.ErrClosed, found %v", err)
		}
	}
	var _ io.ReadCloser = f
}
