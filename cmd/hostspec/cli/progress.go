package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// patience is how long nothing is said of what goes on, and rewriteEvery how often
	// the line on a terminal is written anew. Elsewhere each line stays, so there are few.
	patience     = 2 * time.Second
	rewriteEvery = time.Second
	lineEvery    = 30 * time.Second
)

// A progress tells that something which takes long still goes on: on a terminal in one
// line that is written over and over below what was printed, elsewhere in a line each
// half a minute. It is the writer for all else that is printed there.
type progress struct {
	to io.Writer
	// columns is the width of the terminal; nil elsewhere.
	columns func() int
	every   time.Duration

	mu    sync.Mutex
	what  string
	began time.Time
	last  string        // what it said last
	shown int           // columns of the line that is to be written over
	stop  chan struct{} // nil while nothing goes on
	done  chan struct{}
}

// newProgress makes the progress of an output. Where rewrite is false, somebody else
// writes to the terminal, too.
func newProgress(to io.Writer, rewrite bool) *progress {
	p := &progress{to: to, every: lineEvery}
	if f, ok := to.(*os.File); ok && rewrite && isTerminal(to) && os.Getenv("TERM") != "dumb" {
		p.every = rewriteEvery
		p.columns = func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	}
	return p
}

// begin says that something begins. It ends by end.
func (p *progress) begin(what string) {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.began, p.last = what, time.Now(), ""
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.run(p.stop, p.done)
}

func (p *progress) run(stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			p.tell()
		}
	}
}

// end says that it is over.
func (p *progress) end() {
	p.mu.Lock()
	stop, done := p.stop, p.done
	p.stop = nil
	p.clear()
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-done
	}
}

// tell tells that it goes on.
func (p *progress) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.began)
	switch {
	case p.stop == nil:
	case p.columns == nil:
		text := fmt.Sprintf("  %-10s  ...     %8s  %s", p.what, elapsed(took), p.last)
		fmt.Fprintln(p.to, strings.TrimRight(text, " "))
	case took > patience:
		text := fmt.Sprintf("  %-10s  %s  %s", p.what, elapsed(took), p.last)
		p.clear()
		text, p.shown = fit(text, p.columns()-1)
		fmt.Fprint(p.to, text)
	}
}

// clear takes the line away, by blanks: they work everywhere.
func (p *progress) clear() {
	if p.shown > 0 {
		fmt.Fprint(p.to, "\r"+strings.Repeat(" ", p.shown)+"\r")
	}
	p.shown = 0
}

// Write writes what stays.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.to.Write(b)
}

// sayer is a writer for what is said by what goes on, of which the last line is shown.
func (p *progress) sayer() io.Writer { return (*progressSayer)(p) }

type progressSayer progress

func (s *progressSayer) Write(b []byte) (int, error) {
	p := (*progress)(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	if line := strings.TrimSpace(string(lines[len(lines)-1])); line != "" {
		p.last, _ = fit(line, 200)
	}
	return len(b), nil
}

// elapsed is a time that passes, as people read it.
func elapsed(d time.Duration) string {
	d = d.Truncate(time.Second)
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
}

// fit cuts a text to a width, and says how much of it the text takes. Letters of East
// Asian scripts take two columns.
func fit(text string, width int) (cut string, used int) {
	for i, r := range text {
		columns := 1
		if r >= 0x1100 {
			columns = 2
		}
		if used+columns > width {
			return text[:i], used
		}
		used += columns
	}
	return text, used
}
