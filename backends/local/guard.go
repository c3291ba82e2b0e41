package local

import (
	"context"
	"io"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// guardAfter is how long a process runs before it gets a guard. Most end earlier.
const guardAfter = 500 * time.Millisecond

// guardGrace is longer than a guard kills.
const guardGrace = 10 * time.Second

// A guard is a shell that kills a process and all that it has started when its input
// ends because we are no more.
type guard struct {
	shell *process
	stdin *io.PipeWriter
}

func newGuard(pid int) *guard {
	r, w := io.Pipe()
	// It ends with its input, whatever becomes of the context that the process had.
	shell, err := start(context.Background(), backends.Command{Args: []string{"sh", "-c", backends.Guard(pid)}, Stdin: r}, false)
	if err != nil {
		return nil // no more processes can be started; the group is killed anyway
	}
	return &guard{shell, w}
}

// dismiss ends a guard without a kill.
func (g *guard) dismiss() {
	go func() {
		_, _ = io.WriteString(g.stdin, "\n") // one that has ended needs no word
	}()
	g.wait()
}

func (g *guard) wait() {
	t := time.AfterFunc(guardGrace, func() { g.shell.kill(context.DeadlineExceeded) })
	defer t.Stop()
	_, _ = g.shell.Wait()
	g.stdin.Close()
}

// watch waits for the process by reap, with a guard where that takes long.
func (p *process) watch(reap func()) {
	if !p.guarded {
		reap()
		return
	}
	arriving := make(chan struct{})
	late := time.AfterFunc(guardAfter, func() {
		defer close(arriving)
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.ended && p.killed == nil {
			p.guard = newGuard(p.pid)
		}
	})
	reap()
	if !late.Stop() {
		<-arriving
	}
	if p.guard != nil {
		p.guard.dismiss()
	}
}
