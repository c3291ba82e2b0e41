package local

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestUnixFilesAndBound(t *testing.T) {
	b, path := New(), filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	renamed := path + "-renamed"
	if err := os.Rename(path, renamed); err != nil {
		t.Fatal(err)
	}
	device, inode, err := b.FileID(t.Context(), renamed)
	if err != nil {
		t.Fatal(err)
	}
	files, err := b.UnixFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range files {
		found = found || f == [2]uint64{uint64(unix.Major(device))<<20 | uint64(unix.Minor(device)), inode & 0xffffffff}
	}
	if !found {
		t.Errorf("the file %d on %d is missing in %v", inode, device, files)
	}
	if bound, err := b.UnixBound(t.Context(), renamed); err != nil || !bound {
		t.Errorf("got %v, %v", bound, err)
	}
	l.Close()
	if bound, err := b.UnixBound(t.Context(), renamed); err != nil || bound {
		t.Errorf("got %v, %v", bound, err)
	}
	if _, err := b.UnixBound(t.Context(), path); err == nil {
		t.Error("what is not there was told")
	}
}

func TestAppendProcFile(t *testing.T) {
	b := New()
	got, err := b.AppendProcFile(t.Context(), []byte("x"), "/proc/self/cmdline")
	want, _ := os.ReadFile("/proc/self/cmdline")
	if err != nil || string(got) != "x"+string(want) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, name := range []string{"/etc/passwd", "/proc/../etc/passwd", "/proc/nope", "proc/self/stat"} {
		if got, err := b.AppendProcFile(t.Context(), nil, name); err == nil {
			t.Errorf("%s was read: %q", name, got)
		}
	}
}

func FuzzDiagMessages(f *testing.F) {
	message := make([]byte, 16+unixMessageSize+12)
	order := binary.NativeEndian
	order.PutUint32(message, uint32(len(message)))
	order.PutUint16(message[4:], sockDiagByFamily)
	order.PutUint16(message[16+unixMessageSize:], 12)
	order.PutUint16(message[16+unixMessageSize+2:], unixVFS)
	f.Add(message)
	f.Add(bytes.Repeat(message, 2)[:len(message)+7])
	f.Fuzz(func(t *testing.T, packet []byte) {
		_, _ = diagMessages(packet, func(m []byte) error { return readUnixFile(m, map[uint64][2]uint64{}) })
		_, _ = diagMessages(packet, func(m []byte) error { return readV6Only(m, map[uint64]bool{}) })
	})
}
