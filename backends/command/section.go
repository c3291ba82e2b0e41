package command

import (
	"crypto/rand"
	"sync"

	"github.com/hostspec/hostspec/backends/remote"
)

// marks are the words around what a process prints, each a remote.Mark.
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
	begin, end remote.Mark
	to         *remote.Gate
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
	s.begin, s.end = remote.Mark{Word: []byte(begin)}, remote.Mark{Word: []byte(end)}
	s.to, s.noise = to, &remote.Tail{}
	s.begun, s.ended = make(chan struct{}), make(chan struct{})
}

// Write never fails: the stream has to be read to its end, or the prefix stands still.
func (s *section) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, found := p, false
	if !remote.IsClosed(s.begun) {
		if s.number, text, found = s.begin.Cut(text, s.before); !found {
			return len(p), nil
		}
		close(s.begun)
	}
	if !remote.IsClosed(s.ended) {
		if s.code, _, found = s.end.Cut(text, s.within); found {
			close(s.ended)
		}
	}
	return len(p), nil
}

func (s *section) before(p []byte) { _, _ = s.noise.Write(p) }
func (s *section) within(p []byte) { _, _ = s.to.Write(p) }

// close says that the stream has ended.
func (s *section) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin.End(s.before)
	s.end.End(s.within)
}
