package remote

import (
	"io"
	"sync"
)

// A Gate passes bytes on to a writer until it is shut; from then on the writer is not
// touched any more, however long the other end goes on.
type Gate struct {
	// W is where they go; nil discards them.
	W io.Writer
	// Mark, where it is set, stands before the process's number, and is taken out.
	Mark Mark

	// mu is held during each Write to W, so that Shut waits for it.
	mu     sync.Mutex
	closed bool
	err    error

	// note has a lock of its own, since W may take its time.
	note struct {
		sync.Mutex
		bytes   int64
		writing bool
		pid     int
	}
}

// Write never fails: the stream has to be read to its end, or the connection
// stands still for everybody. The writer's own first error is kept.
func (g *Gate) Write(p []byte) (int, error) {
	g.noted(int64(len(p)), true)
	defer g.noted(0, false)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.Mark.Word) == 0 {
		g.pass(p)
		return len(p), nil
	}
	if pid, rest, found := g.Mark.Cut(p, g.pass); found {
		g.note.Lock()
		g.note.pid = pid
		g.note.Unlock()
		g.Mark = Mark{}
		g.pass(rest)
	}
	return len(p), nil
}

func (g *Gate) pass(p []byte) {
	if g.W != nil && !g.closed && g.err == nil && len(p) > 0 {
		_, g.err = g.W.Write(p)
	}
}

// End says that the stream has ended.
func (g *Gate) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Mark.End(g.pass)
}

// Shut says that nobody listens any more.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Mark.End(g.pass)
	g.closed = true
}

func (g *Gate) noted(n int64, writing bool) {
	g.note.Lock()
	defer g.note.Unlock()
	g.note.bytes += n
	g.note.writing = writing
}

// Passed is how many bytes have come.
func (g *Gate) Passed() int64 {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.bytes
}

// Busy reports whether the writer has not yet taken what came last.
func (g *Gate) Busy() bool {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.writing
}

// PID is the number that the mark announced, or 0.
func (g *Gate) PID() int {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.pid
}

// Err is the writer's own first error.
func (g *Gate) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}
