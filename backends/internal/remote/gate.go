package remote

import (
	"bytes"
	"io"
	"strconv"
	"sync"
)

// A Gate passes bytes on to a writer until it is shut; from then on the writer is not
// touched any more, however long the other end goes on.
type Gate struct {
	// W is where they go; nil discards them.
	W io.Writer
	// Mark, where it is set, stands before a line with the process's number, which
	// is taken out. What comes before it is held back until it is found.
	Mark string

	// mu is held during each Write to W, so that Shut waits for it.
	mu     sync.Mutex
	closed bool
	err    error
	held   []byte

	// note has a lock of its own, since W may take its time.
	note struct {
		sync.Mutex
		bytes   int64
		writing bool
		pid     int
	}
}

// mostHeld bounds what is held back while the mark is looked for.
const mostHeld = 1 << 20

// Write never fails: the stream has to be read to its end, or the connection
// stands still for everybody. The writer's own first error is kept.
func (g *Gate) Write(p []byte) (int, error) {
	g.noted(int64(len(p)), true)
	defer g.noted(0, false)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Mark == "" {
		g.pass(p)
		return len(p), nil
	}
	g.held = append(g.held, p...)
	before, after, found := bytes.Cut(g.held, []byte(g.Mark))
	number, rest, whole := bytes.Cut(after, []byte("\n"))
	switch pid, err := strconv.Atoi(string(number)); {
	case found && whole && err == nil:
		g.note.Lock()
		g.note.pid = pid
		g.note.Unlock()
		g.held, g.Mark = append(before, rest...), ""
		g.flush()
	case found && whole, len(g.held) > mostHeld:
		g.flush()
	}
	return len(p), nil
}

func (g *Gate) pass(p []byte) {
	if g.W != nil && !g.closed && g.err == nil && len(p) > 0 {
		_, g.err = g.W.Write(p)
	}
}

// flush passes on what was held back and looks for the mark no longer.
func (g *Gate) flush() {
	g.pass(g.held)
	g.held, g.Mark = nil, ""
}

// End says that the stream has ended.
func (g *Gate) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush()
}

// Shut says that nobody listens any more.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush()
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
