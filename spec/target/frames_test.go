package target

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A target that prints without end before its shell answers is not kept, and is not
// searched again from its beginning with every piece.
func TestFrames_KeepLittleOfWhatComesFirst(t *testing.T) {
	f := newFrames("nonce")
	piece := bytes.Repeat([]byte("noise from rc files "), 1<<10)
	for range 2000 { // 40 MB
		_, _ = f.Write(piece)
		if cap(f.buf) > 1<<20 {
			t.Fatalf("%d bytes are kept of what comes first", cap(f.buf))
		}
	}
	if n := len(f.noise()); n < maxNoiseKept {
		t.Errorf("only %d bytes are left to show", n)
	}
	_, _ = f.Write([]byte("no end of line, non"))
	_, _ = f.Write([]byte("ce\nanswer\nnonce 0 7\n"))
	fr, ok := f.pop()
	if !ok || string(fr.text) != "answer" || fr.code != 7 || fr.truncated {
		t.Errorf("got %+v, %v", fr, ok)
	}
}

// FuzzFrames looks for bytes that do not arrive exactly, in whatever pieces they come.
func FuzzFrames(f *testing.F) {
	f.Add("banner\n", "answer\n", "", uint8(0), uint8(1))
	f.Add("", "\nnonce", "\n\x00\xff", uint8(127), uint8(3))
	f.Add("nonce", "more nonce 1 2", "nonce\n", uint8(1), uint8(7))
	f.Fuzz(func(t *testing.T, noise, one, two string, code, size uint8) {
		if strings.Contains(noise+one+two, "nonce-") {
			return // nobody can know it
		}
		stream := []byte(noise + "nonce-\n")
		for i, text := range []string{one, two} {
			stream = fmt.Appendf(stream, "%s\nnonce- %d %d\n", text, i, code)
		}
		frames := newFrames("nonce-")
		for len(stream) > 0 {
			n := min(len(stream), int(size)+1)
			_, _ = frames.Write(stream[:n])
			stream = stream[n:]
		}
		for i, text := range []string{one, two} {
			fr, ok := frames.pop()
			if !ok || string(fr.text) != text || fr.number != i || fr.code != int(code) {
				t.Errorf("frame %d: got %+v, %v, want %q", i, fr, ok, text)
			}
		}
	})
}
