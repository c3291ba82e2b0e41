package remote

import (
	"sync"
	"sync/atomic"
	"time"
)

// Running counts the processes of a backend, and no new ones once it is closed.
type Running struct {
	processes sync.WaitGroup
	// mu keeps a process from being counted while Close waits for the others.
	mu     sync.Mutex
	closed bool
}

// Add counts a process, unless the backend is closed. Done has to follow.
func (r *Running) Add() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.processes.Add(1)
	return true
}

// Done says that a process has ended.
func (r *Running) Done() { r.processes.Done() }

// Close lets no process begin any more, and reports whether it is the first call.
func (r *Running) Close() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.closed
	r.closed = true
	return first
}

// Wait waits for the end of all processes, after Close.
func (r *Running) Wait() { r.processes.Wait() }

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
