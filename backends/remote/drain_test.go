package remote

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// What a descendant prints without end is not waited for, as fast as it may come.
func TestDrain_Ends(t *testing.T) {
	for name, piece := range map[string]struct {
		size  int
		pause time.Duration
	}{
		"a stream":     {1 << 20, time.Millisecond},
		"drop by drop": {1, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr := &Gate{W: io.Discard}, &Gate{W: io.Discard}
			ended, writing := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(writing)
				for {
					select {
					case <-ended:
						return
					case <-time.After(piece.pause):
						_, _ = stdout.Write(make([]byte, piece.size))
					}
				}
			}()
			gaveUp := time.AfterFunc(2*time.Minute, func() { close(ended) })
			Drain(stdout, stderr, 0, nil, nil, ended)
			if !gaveUp.Stop() {
				t.Fatal("it was waited for until the test gave up")
			}
			close(ended)
			<-writing
		})
	}
}

// A mark that never comes holds back no more than may become it.
func TestGate_HoldsBackWithinABound(t *testing.T) {
	var out bytes.Buffer
	g := &Gate{W: &out, Mark: Mark{Word: []byte("mark")}}
	for _, piece := range []string{strings.Repeat("x", 1<<16), "mar", "k", strings.Repeat("7", 1<<16), "ma"} {
		before := out.Len() + len(g.Mark.held)
		_, _ = g.Write([]byte(piece))
		if out.Len()+len(g.Mark.held) != before+len(piece) || len(g.Mark.held) > len("mark")+19 {
			t.Errorf("%d bytes were passed on, %d are held back", out.Len(), len(g.Mark.held))
		}
	}
}
