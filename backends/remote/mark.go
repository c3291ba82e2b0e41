package remote

import (
	"bytes"
	"math"
	"strconv"
)

// A Mark is looked for in a stream that comes in pieces. It is a word that nobody else
// uses, with a number and the end of a line behind it; where a terminal echoes our script,
// no number follows.
type Mark struct {
	// Word is the mark without its number.
	Word []byte
	// held is the end of what came, which may become the mark.
	held []byte
}

// Cut passes on what stands before the mark, and returns its number and what came behind
// it. What may become the mark is held back.
func (m *Mark) Cut(p []byte, pass func([]byte)) (number int, rest []byte, found bool) {
	text := p
	if len(m.held) > 0 {
		text, m.held = append(m.held, p...), nil
	}
	for {
		i := bytes.Index(text, m.Word)
		if i < 0 {
			i = len(text) - overlap(text, m.Word)
			pass(text[:i])
			m.held = bytes.Clone(text[i:])
			return 0, nil, false
		}
		digits, rest, whole := bytes.Cut(text[i+len(m.Word):], []byte("\n"))
		n, err := strconv.Atoi(string(bytes.TrimSuffix(digits, []byte("\r"))))
		switch {
		case whole && err == nil:
			pass(text[:i])
			return n, rest, true
		case !whole && len(digits) < len(strconv.Itoa(math.MaxInt)):
			pass(text[:i])
			m.held = bytes.Clone(text[i:])
			return 0, nil, false
		}
		pass(text[:i+len(m.Word)])
		text = text[i+len(m.Word):]
	}
}

// End passes on what was held back: no more will come.
func (m *Mark) End(pass func([]byte)) {
	pass(m.held)
	m.held = nil
}

// overlap is how many bytes at the end of a text a word begins with.
func overlap(text, word []byte) int {
	for n := min(len(text), len(word)-1); n > 0; n-- {
		if bytes.HasSuffix(text, word[:n]) {
			return n
		}
	}
	return 0
}
