package target

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
)

// TestRun_TellsOutputAsItComes has a command wait for somebody who waits for what it
// has printed.
func TestRun_TellsOutputAsItComes(t *testing.T) {
	g := NewWithT(t)
	uri, err := backends.Parse("local://")
	g.Expect(err).NotTo(HaveOccurred())
	tg := New(uri, Options{})
	defer tg.Close()
	go_ := t.TempDir() + "/go"
	stdoutR, stdout := io.Pipe()
	var stderr bytes.Buffer
	read := make(chan string, 1)
	go func() {
		buf := make([]byte, len("waiting\nfor"))
		_, _ = io.ReadFull(stdoutR, buf)
		read <- string(buf)
		rest, _ := io.ReadAll(stdoutR)
		read <- string(rest)
	}()
	done := make(chan Output, 1)
	go func() {
		o, _, err := tg.Run(t.Context(), Identity{}, Script{
			Text:       "printf 'waiting\\nfor'; until [ -e " + go_ + " ]; do sleep 0.05; done; echo ' you'; echo complaint >&2",
			Timeout:    time.Minute,
			LiveStdout: stdout, LiveStderr: &stderr,
		})
		if err != nil {
			t.Error(err)
		}
		stdout.Close()
		done <- o
	}()
	g.Eventually(read).WithTimeout(time.Minute).Should(Receive(Equal("waiting\nfor")))
	_, _, err = tg.Run(t.Context(), Identity{}, Script{Text: ": > " + go_})
	g.Expect(err).NotTo(HaveOccurred())
	var o Output
	g.Eventually(done).WithTimeout(time.Minute).Should(Receive(&o))
	g.Expect(string(o.Stdout)).To(Equal("waiting\nfor you\n"))
	g.Eventually(read).Should(Receive(Equal(" you\n")))
	g.Expect(stderr.String()).To(Equal("complaint\n"))
}

// TestFrames_TellAllButTheMarks cuts a stream in every place.
func TestFrames_TellAllButTheMarks(t *testing.T) {
	stream := "noise\nhello\none\n\nmark 0 0\n" + "two\nmar\n\nhello -1 7\n" + "three"
	for cut := range len(stream) {
		f := newFrames("hello")
		f.expect("mark")
		var live bytes.Buffer
		f.listen(&live)
		for _, part := range []string{stream[:cut], stream[cut:]} {
			_, _ = f.Write([]byte(part))
		}
		if want := "one\ntwo\nmar\nthree"; live.String() != want {
			t.Fatalf("cut at %d: %q", cut, live.String())
		}
	}
}

// TestFrames_TellLongOutput lets more pass than is kept.
func TestFrames_TellLongOutput(t *testing.T) {
	f := newFrames("hello")
	_, _ = f.Write([]byte("hello\n"))
	var live countingWriter
	f.listen(&live)
	chunk := []byte(strings.Repeat("0123456789abcde\n", 1<<16))
	for range 3 * maxOutput / len(chunk) {
		_, _ = f.Write(chunk)
	}
	_, _ = fmt.Fprint(f, "\nhello 0 0\n")
	if want := int64(3 * maxOutput / len(chunk) * len(chunk)); int64(live) != want {
		t.Errorf("%d bytes were told of %d", live, want)
	}
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
