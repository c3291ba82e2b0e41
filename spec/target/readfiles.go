package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

const (
	// stallAfter is how long one file is waited for before the next one is read beside
	// it: a file on a dead file server is not to hold up the others.
	stallAfter = 250 * time.Millisecond
	// maxStalled is how many files are waited for at the same time.
	maxStalled = 16
)

// A reading is the answer to one want by files, which may still be on its way.
type reading struct {
	want   Want
	start  time.Time
	done   chan readAnswer // holds the answer when it is there
	cancel context.CancelFunc
}

type readAnswer struct {
	fact  any
	asked string
	err   error
}

// readFiles answers what can be answered by reading files, and returns the other
// wants. Each file has the whole timeout, whatever became of the others.
func (t *Target) readFiles(ctx context.Context, files backends.FileReader, wants []Want, timeout time.Duration, replies map[Want]reply) []Want {
	var rest []Want
	settle := func(r *reading) {
		defer r.cancel()
		a := <-r.done // comes in time, since what is too late is left to itself
		e := evidence.Evidence{Target: t.String(), Asked: evidence.Clean(a.asked), Took: time.Since(r.start)}
		switch {
		case errors.Is(a.err, ErrAsk):
			rest = append(rest, r.want)
		case errors.Is(a.err, errDeadline):
			replies[r.want] = t.unknown(e, fmt.Sprintf("no answer within %v", timeout), a.err)
		case a.err != nil:
			replies[r.want] = t.unknown(e, "", a.err)
		default:
			replies[r.want] = forget(r.want, reply{fact: a.fact, evidence: e}, len(wants) > 1)
		}
	}
	var stalled []*reading
	patience := time.NewTimer(stallAfter)
	defer patience.Stop()
	for _, w := range wants {
		if len(stalled) == maxStalled {
			settle(stalled[0])
			stalled = stalled[1:]
		}
		r := startReading(ctx, files, w, timeout)
		patience.Reset(stallAfter)
		select {
		case a := <-r.done:
			r.done <- a
			settle(r)
		case <-patience.C:
			stalled = append(stalled, r)
		}
	}
	for _, r := range stalled {
		settle(r)
	}
	return rest
}

// startReading reads in the background. Its answer comes by the end of the timeout.
func startReading(ctx context.Context, files backends.FileReader, w Want, timeout time.Duration) *reading {
	r := &reading{want: w, start: time.Now(), done: make(chan readAnswer, 1)}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	r.cancel = cancel
	go func() {
		var a readAnswer
		a.fact, a.asked, a.err = w.Kind.read(limited, files, w.Name)
		r.done <- a
	}()
	return r
}
