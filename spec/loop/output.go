package loop

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/spec/evidence"
)

// together passes on two streams to one writer.
type together struct {
	mu   sync.Mutex
	w    io.Writer
	tail []byte // clean
}

// maxTail bounds what is kept of the end of an output.
const maxTail = 4 << 10

// last is the last line that was printed.
func (t *together) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return lastLine(string(t.tail))
}

func (t *together) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := evidence.CleanPlain(string(p)) // before anything is cut off it
	t.tail = append(t.tail, text[max(0, len(text)-maxTail):]...)
	t.tail = t.tail[max(0, len(t.tail)-maxTail):]
	if t.w != nil {
		_, _ = io.WriteString(t.w, text) // nobody may look any more
	}
	return len(p), nil
}

// maxLine bounds what is held back of a line that does not end.
const maxLine = 64 << 10

// lines passes on one stream line by line, so that two do not mix within a line and
// secrets can be taken out. What ends without a newline is told by flush.
type lines struct {
	to   io.Writer
	held []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.held = append(l.held, p...)
	if end := bytes.LastIndexByte(l.held, '\n') + 1; end > 0 {
		_, _ = l.to.Write(l.held[:end]) // never fails
		l.held = bytes.Clone(l.held[end:])
	}
	if len(l.held) > maxLine {
		l.flush()
	}
	return len(p), nil
}

func (l *lines) flush() {
	if len(l.held) > 0 {
		_, _ = l.to.Write(append(l.held, '\n')) // never fails
	}
	l.held = nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
