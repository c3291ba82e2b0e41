package remote

import (
	"sync/atomic"
	"time"
)

// A RoundTrip is the shortest time that an answer has taken so far.
type RoundTrip struct{ ns atomic.Int64 }

// Took notes how long an answer took.
func (r *RoundTrip) Took(d time.Duration) {
	for old := r.ns.Load(); old == 0 || int64(d) < old; old = r.ns.Load() {
		if r.ns.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// Shortest is 0 while there was no answer.
func (r *RoundTrip) Shortest() time.Duration { return time.Duration(r.ns.Load()) }

// IsClosed reports whether a channel is closed on which nothing is sent.
func IsClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
