package evidence

import (
	"io"
	"sync"
	"unicode/utf8"
)

// A Writer passes on what is written to it, clean, as it comes. It holds back no more
// than the bytes that may be the beginning of a secret or of a character.
type Writer struct {
	// Colours keeps sequences that only choose colours and weights, where each is
	// written in one piece.
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
	text := string(append(w.held, p...))
	end := secrets.settled(whole(text))
	w.held = append(w.held[:0], text[end:]...)
	return len(p), w.pass(text[:end])
}

// Flush passes on what is held back.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := string(w.held)
	w.held = nil
	return w.pass(text)
}

func (w *Writer) pass(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w.w, visible(Mask(text), w.Colours))
	return err
}

// whole returns the text without a character at its end that has only begun.
func whole(text string) string {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRuneInString(last) {
				return text[:len(text)-n]
			}
			break
		}
	}
	return text
}
