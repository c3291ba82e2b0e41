package ssh

import (
	"bytes"
	"io"
	"strconv"
	"sync"
)

// gate passes bytes on to a writer until it is shut; from then on the writer is not
// touched any more, however long the other end goes on.
type gate struct {
	w io.Writer
	// mark, where it is set, stands before a line with the process's number, which
	// is taken out. What comes before it is held back until it is found.
	mark string

	// mu is held during each Write to w, so that shut waits for it.
	mu     sync.Mutex
	closed bool
	err    error
	held   []byte

	// note has a lock of its own, since w may take its time.
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
func (g *gate) Write(p []byte) (int, error) {
	g.noted(int64(len(p)), true)
	defer g.noted(0, false)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mark == "" {
		g.pass(p)
		return len(p), nil
	}
	g.held = append(g.held, p...)
	before, after, found := bytes.Cut(g.held, []byte(g.mark))
	number, rest, whole := bytes.Cut(after, []byte("\n"))
	switch pid, err := strconv.Atoi(string(number)); {
	case found && whole && err == nil:
		g.note.Lock()
		g.note.pid = pid
		g.note.Unlock()
		g.held, g.mark = append(before, rest...), ""
		g.flush()
	case found && whole, len(g.held) > mostHeld:
		g.flush()
	}
	return len(p), nil
}

func (g *gate) pass(p []byte) {
	if g.w != nil && !g.closed && g.err == nil && len(p) > 0 {
		_, g.err = g.w.Write(p)
	}
}

// flush passes on what was held back and looks for the mark no longer.
func (g *gate) flush() {
	g.pass(g.held)
	g.held, g.mark = nil, ""
}

// end says that the stream has ended.
func (g *gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush()
}

// shut says that nobody listens any more.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush()
	g.closed = true
}

func (g *gate) noted(n int64, writing bool) {
	g.note.Lock()
	defer g.note.Unlock()
	g.note.bytes += n
	g.note.writing = writing
}

// passed is how many bytes have come.
func (g *gate) passed() int64 {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.bytes
}

// busy tells whether the writer has not yet taken what came last.
func (g *gate) busy() bool {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.writing
}

// pid is the number that the mark announced, or 0.
func (g *gate) pid() int {
	g.note.Lock()
	defer g.note.Unlock()
	return g.note.pid
}
