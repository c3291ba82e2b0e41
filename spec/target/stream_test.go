package target

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// dropping is a writer that loses the connection at what is written first.
type dropping struct {
	bytes.Buffer
	drop func()
}

func (d *dropping) Write(p []byte) (int, error) {
	if d.drop != nil {
		d.drop()
		d.drop = nil
	}
	return d.Buffer.Write(p)
}

// TestStreamFile_IsReadOnceMoreWhenTheConnectionIsLost in the midst of it.
func TestStreamFile_IsReadOnceMoreWhenTheConnectionIsLost(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	proxy := rig.StartProxy(t, sshd.Addr, 0)
	a := rig.NewAccount(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) NOPASSWD: ALL")
	file := filepath.Join(t.TempDir(), "file")
	var text strings.Builder
	for i := range 400_000 {
		text.WriteString(string(rune('a'+i%26)) + "0123456789\n")
	}
	target := openWith(t, sshd.URIAt(proxy.Addr, a.Name), Options{As: root})
	for name, c := range map[string]struct {
		then string // what the file holds afterwards
		want string
	}{
		"the same":               {text.String(), ""},
		"more":                   {text.String() + "more", ""},
		"another beginning":      {"x" + text.String()[1:], "had changed"},
		"shorter than what came": {"", "had changed"},
	} {
		g.Expect(os.WriteFile(file, []byte(text.String()), 0o644)).To(Succeed())
		w := &dropping{drop: func() {
			// Who still reads the one that was there goes on with it.
			g.Expect(os.WriteFile(file+".new", []byte(c.then), 0o644)).To(Succeed())
			g.Expect(os.Rename(file+".new", file)).To(Succeed())
			proxy.Drop()
		}}
		_, err := View{Target: target, As: root}.StreamFile(t.Context(), file, w)
		if c.want != "" {
			g.Expect(err).To(MatchError(ContainSubstring(c.want)), name)
			continue
		}
		g.Expect(err).NotTo(HaveOccurred(), name)
		g.Expect(w.String() == c.then).To(BeTrue(), name)
	}
}

// FuzzStreamed cuts what a target prints into pieces: what comes after the mark arrives
// whole, and nothing of what comes before it.
func FuzzStreamed(f *testing.F) {
	f.Add([]byte("noise"), []byte("text"), uint8(3), uint8(2))
	f.Add([]byte("MAR"), []byte("MARK\n"), uint8(1), uint8(9))
	f.Fuzz(func(t *testing.T, noise, text []byte, size, more uint8) {
		mark := []byte("MARK\n")
		if bytes.Contains(append(bytes.Clone(noise), mark[:4]...), mark) {
			return
		}
		all := append(append(bytes.Clone(noise), mark...), text...)
		var got bytes.Buffer
		_, stop := context.WithCancelCause(t.Context())
		s := &streamed{mark: mark, w: &got, stop: stop}
		for len(all) > 0 {
			n := min(len(all), 1+int(size))
			if _, err := s.Write(all[:n]); err != nil {
				t.Fatal(err)
			}
			all, size = all[n:], size+more
		}
		_, want, _ := bytes.Cut(append(append(bytes.Clone(noise), mark...), text...), mark)
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("after %q: %q, want %q", noise, got.Bytes(), want)
		}
	})
}

// FuzzResumed loses a connection anywhere: whoever reads gets the same text once, or is
// told that it has changed.
func FuzzResumed(f *testing.F) {
	f.Add([]byte("some text"), []byte("some text"), 4)
	f.Add([]byte("some text"), []byte("another"), 4)
	f.Add([]byte(""), []byte("x"), 0)
	f.Fuzz(func(t *testing.T, before, after []byte, at int) {
		at = max(0, min(at, len(before)))
		var got bytes.Buffer
		r := newResumed(&got)
		if _, err := r.Write(before[:at]); err != nil {
			t.Fatal(err)
		}
		r.rewind()
		_, err := io.Copy(r, bytes.NewReader(after))
		if err == nil {
			err = r.check()
		}
		same := bytes.HasPrefix(after, before[:at])
		if same != (err == nil) {
			t.Errorf("%q, then %q: %v", before[:at], after, err)
		}
		if err == nil && !bytes.Equal(got.Bytes(), after) {
			t.Errorf("%q, then %q: it read %q", before[:at], after, got.Bytes())
		}
	})
}
