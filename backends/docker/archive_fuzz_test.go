package docker

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strings"
	"testing"
)

// tarOf is a tar of entries.
func tarOf(f testing.TB, headers ...tar.Header) []byte {
	f.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// Whatever an engine sends, what is kept lies below what was asked for, is clean, and is
// no more than may be kept.
func FuzzArchive(f *testing.F) {
	f.Add("/etc", tarOf(f, tar.Header{Name: "etc/", Typeflag: tar.TypeDir}, tar.Header{Name: "etc/motd", Mode: 0o644, Size: 5},
		tar.Header{Name: "etc/mtab", Typeflag: tar.TypeSymlink, Linkname: "../proc/mounts"}))
	f.Add("/", tarOf(f, tar.Header{Name: "./", Typeflag: tar.TypeDir}, tar.Header{Name: "../../x", Size: 1}))
	f.Add("/etc/motd", tarOf(f, tar.Header{Name: "motd", Size: 3, Uid: 1 << 20}))
	f.Add("/etc", tarOf(f, tar.Header{Name: "etc", Typeflag: tar.TypeFifo})[:600])
	f.Fuzz(func(t *testing.T, asked string, data []byte) {
		if asked = path.Clean("/" + asked); strings.ContainsRune(asked, 0) {
			return
		}
		s := newSnapshot(live{})
		e := &entries{ctx: t.Context(), tar: tar.NewReader(bytes.NewReader(data)), only: asked, name: named(asked)}
		_, _ = e.each(func(name string, h *tar.Header, r io.Reader) error { // what is wrong with it is told elsewhere
			if name != path.Clean(name) || name != asked && !below(name, asked) {
				t.Fatalf("of %q it kept %q", asked, name)
			}
			s.keep(name, h)
			return s.keepContent(name, h, r)
		})
		for name, content := range s.contents {
			if len(content) > maxFile {
				t.Fatalf("%q has %d bytes", name, len(content))
			}
		}
	})
}
