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
	// togetherFor is how long the names of a kind are read together before each is read
	// alone: a file on a dead file server is not to take the others with it.
	togetherFor = 2 * time.Second
	// stallAfter is how long a name is waited for before the next one is read beside it.
	stallAfter = 250 * time.Millisecond
	// maxStalled is how many names are waited for at the same time.
	maxStalled = 16
)

// A reading is the answer by files about names of a kind, which may still be on its way.
type reading struct {
	kind   asker
	names  []string
	start  time.Time
	done   chan readAnswer // holds the answer when it is there
	cancel context.CancelFunc
}

type readAnswer struct {
	facts map[string]Answer[any]
	err   error
}

// readFiles answers what can be answered by reading files, and returns the other
// wants. Names of a kind are read together; where that takes long each is read alone,
// and has the whole timeout, whatever became of the others.
func (t *Target) readFiles(ctx context.Context, files backends.FileReader, sys System, wants []Want, timeout time.Duration, replies map[Want]reply) []Want {
	var rest []Want
	var todo, stalled []*reading
	kinds, names := group(wants)
	for _, k := range kinds {
		todo = append(todo, &reading{kind: k, names: names[k]})
	}
	settle := func(r *reading) {
		defer r.cancel()
		rest = append(rest, t.settle(r, <-r.done, timeout, replies)...) // comes in time, see patiently
	}
	for len(todo) > 0 {
		r := todo[0]
		todo = todo[1:]
		if !r.kind.readable(sys) {
			rest = append(rest, r.wants()...)
			continue
		}
		if len(stalled) == maxStalled {
			settle(stalled[0])
			stalled = stalled[1:]
		}
		patience := stallAfter
		switch {
		case sys.NoProcess != nil: // such files are fetched, in ways that follow their context
			patience = timeout
		case len(r.names) > 1:
			patience = min(timeout, togetherFor)
		}
		r.begin(ctx, files, sys, timeout)
		switch {
		case r.within(patience):
			settle(r)
		case len(r.names) > 1:
			r.cancel()
			todo = append(r.each(), todo...)
		default:
			stalled = append(stalled, r)
		}
	}
	for _, r := range stalled {
		settle(r)
	}
	return rest
}

// begin reads in the background. The answer comes by the end of the timeout.
func (r *reading) begin(ctx context.Context, files backends.FileReader, sys System, timeout time.Duration) {
	r.start, r.done = time.Now(), make(chan readAnswer, 1)
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	r.cancel = cancel
	go func() {
		facts, err := r.kind.read(limited, files, sys, r.names)
		r.done <- readAnswer{facts, err}
	}()
}

// within reports whether the answer is there by the end of a time.
func (r *reading) within(d time.Duration) bool {
	patience := time.NewTimer(d)
	defer patience.Stop()
	select {
	case a := <-r.done:
		r.done <- a
		return true
	case <-patience.C:
		return false
	}
}

// each reads the names one by one.
func (r *reading) each() []*reading {
	var out []*reading
	for _, name := range r.names {
		out = append(out, &reading{kind: r.kind, names: []string{name}})
	}
	return out
}

func (r *reading) wants() []Want {
	out := make([]Want, len(r.names))
	for i, name := range r.names {
		out[i] = Want{r.kind, name}
	}
	return out
}

// settle makes replies of what was read, and returns what a process has to be asked.
func (t *Target) settle(r *reading, answer readAnswer, timeout time.Duration, replies map[Want]reply) (rest []Want) {
	took := time.Since(r.start)
	for _, w := range r.wants() {
		a, ok := answer.facts[w.Name]
		if answer.err != nil {
			a, ok = Answer[any]{Err: answer.err}, true
		}
		if a.Asked == "" {
			a.Asked = r.kind.reads(w.Name)
		}
		e := evidence.Evidence{Target: t.String(), Asked: evidence.Excerpt(a.Asked, 200), Took: took}
		switch {
		case !ok:
			replies[w] = t.unknown(e, fmt.Sprintf("its files did not tell about %s %q", r.kind.kindName(), w.Name), nil)
		case errors.Is(a.Err, ErrLater):
			replies[w] = reply{later: true}
		case errors.Is(a.Err, ErrAsk):
			rest = append(rest, w)
		case errors.Is(a.Err, errDeadline):
			replies[w] = t.unknown(e, fmt.Sprintf("no answer within %v", timeout), a.Err)
		case a.Err != nil:
			replies[w] = t.unknown(e, "", a.Err)
		default:
			replies[w] = reply{fact: a.Fact, evidence: e}
		}
	}
	return rest
}
