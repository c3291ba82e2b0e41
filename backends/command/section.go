package command

import (
	"bytes"
	"crypto/rand"
	"math"
	"strconv"
	"sync"

	"github.com/hostspec/hostspec/backends/internal/remote"
)

// marks are the words around what a process prints. Each stands before a number and
// the end of the line; where a terminal echoes our script, no number follows.
type marks struct {
	// out and err begin stdout and stderr, with the number of the shell; end is
	// behind both, with the exit code.
	out, err, end string
}

func newMarks() marks {
	// What could become the end is held back until it is sure: hence a byte
	// comes first that texts do not end with, and that is nothing to a terminal.
	return marks{out: "out-" + rand.Text() + "-", err: remote.NewMark(), end: "\x1eend-" + rand.Text() + "-"}
}

// A section is one stream of a shell, and passes on what stands between two marks.
type section struct {
	mu         sync.Mutex
	begin, end []byte
	to         *remote.Gate
	held       []byte
	// noise is the last of what stood before the section.
	noise *remote.Tail

	// begun and ended are closed when the marks were seen, and the numbers that
	// stood behind them set before.
	begun, ended chan struct{}
	number, code int
}

// expect gets a section ready for the next process. Nothing is on its way then.
func (s *section) expect(begin, end string, to *remote.Gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin, s.end, s.to, s.noise, s.held = []byte(begin), []byte(end), to, &remote.Tail{}, nil
	s.begun, s.ended = make(chan struct{}), make(chan struct{})
}

// Write never fails: the stream has to be read to its end, or the prefix stands still.
func (s *section) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := p
	if len(s.held) > 0 {
		text = append(s.held, p...)
		s.held = nil
	}
	if !remote.IsClosed(s.begun) {
		var found bool
		if s.number, text, found = s.cut(text, s.begin, s.noise.Write); !found {
			return len(p), nil
		}
		close(s.begun)
	}
	if !remote.IsClosed(s.ended) {
		var found bool
		if s.code, _, found = s.cut(text, s.end, s.to.Write); found {
			close(s.ended)
		}
	}
	return len(p), nil
}

// cut passes on what stands before a mark, and returns the mark's number and the rest.
// What may become the mark is held back.
func (s *section) cut(text, mark []byte, pass func([]byte) (int, error)) (number int, rest []byte, found bool) {
	for {
		i := bytes.Index(text, mark)
		if i < 0 {
			i = len(text) - overlap(text, mark)
			_, _ = pass(text[:i])
			s.held = bytes.Clone(text[i:])
			return 0, nil, false
		}
		digits, rest, whole := bytes.Cut(text[i+len(mark):], []byte("\n"))
		n, err := strconv.Atoi(string(bytes.TrimSuffix(digits, []byte("\r"))))
		switch {
		case whole && err == nil:
			_, _ = pass(text[:i])
			return n, rest, true
		case !whole && len(digits) < len(strconv.Itoa(math.MaxInt)):
			_, _ = pass(text[:i])
			s.held = bytes.Clone(text[i:])
			return 0, nil, false
		}
		_, _ = pass(text[:i+len(mark)])
		text = text[i+len(mark):]
	}
}

// overlap is how many bytes at the end of a text a mark begins with.
func overlap(text, mark []byte) int {
	for n := min(len(text), len(mark)-1); n > 0; n-- {
		if bytes.HasSuffix(text, mark[:n]) {
			return n
		}
	}
	return 0
}

// close says that the stream has ended.
func (s *section) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !remote.IsClosed(s.begun):
		_, _ = s.noise.Write(s.held)
	case !remote.IsClosed(s.ended):
		_, _ = s.to.Write(s.held)
	}
	s.held = nil
}
