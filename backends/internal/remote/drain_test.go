package remote

import (
	"bytes"
	"io"
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

// A mark that never comes holds back no more than a bound.
func TestGate_HoldsBackWithinABound(t *testing.T) {
	var out bytes.Buffer
	g := &Gate{W: &out, Mark: "mark"}
	piece := bytes.Repeat([]byte("x"), 1<<16)
	for range 4 * mostHeld / len(piece) {
		_, _ = g.Write(piece)
	}
	if out.Len() < 2*mostHeld || len(g.held) > mostHeld {
		t.Errorf("%d bytes were passed on, %d are held back", out.Len(), len(g.held))
	}
}
