package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// A stopper knows how urgently somebody wants the run to end.
type stopper struct {
	// soft is done at the first signal: what runs is asked to finish its
	// report. hard is done at the second: what runs is killed.
	soft, hard context.Context

	mu sync.Mutex
	// last is done before the process is ended though a command still waits.
	last []func()
}

// lastWords is how long a command may take, after the second signal, to tell what
// is known and to clear up. It kills all that it waits for; what it cannot kill,
// a pipe that nobody reads or a file system that does not answer, ends with it.
const lastWords = 3 * time.Second

// beforeExit has f called if the process is to end while the command waits.
func (s *stopper) beforeExit(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = append(s.last, f)
}

// exit ends the process.
func (s *stopper) exit() {
	s.mu.Lock()
	for _, f := range s.last {
		f()
	}
	os.Exit(exitInterrupted)
}

// watchSignals listens for Ctrl-C, and for what Jenkins and a closing terminal
// send. release must be called.
func watchSignals(ctx context.Context) (s *stopper, release func()) {
	soft, stopSoft := context.WithCancelCause(ctx)
	hard, stopHard := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader that went away, as head does, is an error of the write, told at
	// the end; it must not leave test binaries behind.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	s = &stopper{soft: soft, hard: hard}
	done, released := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-signals:
			stopSoft(errInterrupted)
		case <-soft.Done():
			return
		}
		select {
		case <-signals:
			stopHard(errInterrupted)
		case <-hard.Done():
			return
		}
		patience := time.NewTimer(lastWords)
		defer patience.Stop()
		select {
		case <-released:
		case <-patience.C:
			s.exit()
		}
	}()
	return s, func() {
		close(released)
		signal.Stop(signals)
		signal.Stop(broken)
		stopSoft(context.Canceled)
		stopHard(context.Canceled)
		<-done
	}
}

// interrupted reports whether anybody wanted the run to end.
func (s *stopper) interrupted() bool { return s.soft.Err() != nil }

// explain makes an interrupt out of whatever failed because of one.
func (s *stopper) explain(err error) error {
	if s.interrupted() {
		return &exitError{exitInterrupted, errInterrupted}
	}
	var e *exitError
	if errors.As(err, &e) {
		return err
	}
	return &exitError{exitUsage, err}
}
