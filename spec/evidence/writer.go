package evidence

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// maxHeld bounds what a Writer holds back of a line that does not end.
const maxHeld = 64 << 10

// A Writer passes on what is written to it line by line, clean, so that foreign
// output can be shown as it comes. It may be written to by several goroutines, whose
// writes then mix by whole lines only if each writes whole lines.
type Writer struct {
	// Colours keeps sequences that only choose colours and weights.
	Colours bool

	mu   sync.Mutex
	w    io.Writer
	held []byte
}

// NewWriter returns a Writer to w. Flush is to be called at the end.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, p...)
	if bytes.IndexByte(p, '\n') < 0 && len(w.held) <= maxHeld {
		return len(p), nil
	}
	text := string(w.held)
	end := strings.LastIndexByte(text, '\n') + 1
	if len(text)-end > maxHeld {
		end += secrets.split(text[end:])
	}
	w.held = append(w.held[:0], text[end:]...)
	if err := w.pass(text[:end]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on what is held back of a line that has not ended, and ends it.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return nil
	}
	text := string(w.held)
	w.held = nil
	return w.pass(text + "\n")
}

func (w *Writer) pass(text string) error {
	_, err := io.WriteString(w.w, visible(Mask(text), w.Colours))
	return err
}
