package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// A stopper knows how urgently somebody wants the run to end.
type stopper struct {
	// soft is done at the first signal: what runs is asked to finish its
	// report. hard is done at the second: what runs is killed.
	soft, hard context.Context
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
	done := make(chan struct{})
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
		}
	}()
	return &stopper{soft, hard}, func() {
		signal.Stop(signals)
		signal.Stop(broken)
		stopSoft(context.Canceled)
		stopHard(context.Canceled)
		<-done
	}
}

// interrupted tells whether anybody wanted the run to end.
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
