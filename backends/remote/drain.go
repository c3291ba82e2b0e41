package remote

import (
	"time"

	"github.com/hostspec/hostspec/backends"
)

const (
	// drop is less than any line worth the name carries in the time of Drain, and
	// drops how many times no more came when Drain gives up.
	drop, drops = 1 << 10, 10
	// onTheWay is more than what a process can have printed and we not have read
	// when we are told that it has ended: the channel's window of an SSH connection
	// (2 MiB in x/crypto), the server's buffers and two pipes.
	onTheWay = 8 << 20
)

// Drain waits for the rest of what an ended process has printed, until drained is
// closed, which is when both outputs have ended, or stop; gone says that no more will
// come than is read already. What the process itself has printed is on its way: it
// arrives without a pause longer than roundTrip and backends.Drain, and is not more
// than fits on the way. What comes later, or drop by drop, is a descendant's.
func Drain(stdout, stderr *Gate, roundTrip time.Duration, drained, gone, stop <-chan struct{}) {
	passed := func() int64 { return stdout.Passed() + stderr.Passed() }
	t := time.NewTicker(backends.Drain + roundTrip)
	defer t.Stop()
	first := passed()
	last := first
	for slow := 0; slow <= drops; {
		select {
		case <-drained:
			return
		case <-gone:
			<-drained
			return
		case <-stop:
			return
		case <-t.C:
		}
		now := passed()
		// While a writer of ours takes its time, that nothing comes says nothing.
		busy := stdout.Busy() || stderr.Busy()
		if now == last && !busy || now-first > onTheWay {
			return
		}
		if now-last < drop && !busy {
			slow++
		}
		last = now
	}
}
