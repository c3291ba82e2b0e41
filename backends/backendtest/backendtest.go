// Package backendtest checks implementations of backends.Backend.
//
// Test runs every check against a real target and returns what did not hold, in
// the manner of testing/fstest; Checks lists them by name, so that a test can
// make a subtest of each:
//
//	func TestConformance(t *testing.T) {
//		for _, check := range backendtest.Checks() {
//			t.Run(check.Name, func(t *testing.T) {
//				err := check.Run(t.Context(), open, backendtest.Options{Signals: true})
//				var na *backendtest.NotApplicableError
//				if errors.As(err, &na) {
//					t.Log(na)
//				} else if err != nil {
//					t.Error(err)
//				}
//			})
//		}
//	}
//
// The target must be a Linux with a POSIX shell, /proc and the small tools that
// GNU coreutils, busybox and toybox all have. What a check makes on the target it
// removes again: a folder below Options.TempDir, and processes of its own.
//
// Checks are to run one after the other: one of them measures this process's
// memory.
package backendtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// Options says what the backend under test and its target can do. The zero value
// is useful.
type Options struct {
	// Signals says that the backend can tell which signal ended a process. Else
	// exit code 128+n is as good.
	Signals bool
	// TempDir is where on the target folders are made and removed again; /tmp
	// when empty.
	TempDir string
	// Timeout bounds each check; five minutes when zero.
	Timeout time.Duration
	// Kill makes the target, or the way to it, die under the connection that was
	// opened last. The check that calls it is the last one, and asks nothing of
	// the target afterwards. Where it is nil, that check is not applicable.
	Kill func(ctx context.Context) error
	// Listen opens a listener in the target's network; that of a
	// net.ListenConfig does for a target on this machine. Where it is nil,
	// dialling is not checked.
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
}

// An Opener connects to the target anew. Each check opens a connection of its
// own and closes it.
type Opener func(ctx context.Context) (backends.Backend, error)

// A Check is one thing that every backend has to do right.
type Check struct {
	// Name says what is right, as in "exit codes".
	Name string

	run func(context.Context, *session) error
}

// A NotApplicableError is what Check.Run returns when the check says nothing
// about this backend.
type NotApplicableError struct {
	// Check is the name of the check.
	Check string
	// Reason says what is missing.
	Reason string
}

func (e *NotApplicableError) Error() string {
	return fmt.Sprintf("check %q is not applicable: %s", e.Check, e.Reason)
}

// A FailedError is what Check.Run returns when the check did not hold.
type FailedError struct {
	// Check is the name of the check.
	Check string
	// Err says what was expected and what was found.
	Err error
}

func (e *FailedError) Error() string { return fmt.Sprintf("check %q: %v", e.Check, e.Err) }

// Unwrap returns what was expected and found.
func (e *FailedError) Unwrap() error { return e.Err }

// Checks returns all checks in the order in which Test runs them.
func Checks() []Check {
	var all []Check
	for _, some := range [][]Check{
		outputChecks, inputChecks, wordChecks, exitChecks, lifeChecks, runChecks, fileChecks, dialChecks, lossChecks,
	} {
		all = append(all, some...)
	}
	return all
}

// Test runs all checks, one after the other. The error joins a *FailedError for
// each check that did not hold; notApplicable holds the others that say nothing
// about this backend, each with its reason, for the caller to show.
func Test(ctx context.Context, open Opener, opts Options) (notApplicable []*NotApplicableError, err error) {
	var failed []error
	for _, check := range Checks() {
		err := check.Run(ctx, open, opts)
		if na, ok := errors.AsType[*NotApplicableError](err); ok {
			notApplicable = append(notApplicable, na)
		} else if err != nil {
			failed = append(failed, err)
		}
	}
	return notApplicable, errors.Join(failed...)
}

// Run opens a connection and runs the check over it. The error is nil, a
// *FailedError or a *NotApplicableError.
//
// A backend that hangs costs Options.Timeout and some time for cleaning up: then
// Run returns and leaves behind a goroutine that nobody can end.
func (c Check) Run(ctx context.Context, open Opener, opts Options) error {
	if opts.TempDir == "" {
		opts.TempDir = "/tmp"
	}
	if opts.Timeout == 0 {
		opts.Timeout = 5 * time.Minute
	}
	late := fmt.Errorf("took longer than %v", opts.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, opts.Timeout, late)
	defer cancel()
	s := &session{open: open, opts: opts}
	done := make(chan error, 1)
	go func() { done <- c.runOver(ctx, s) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		// What respects its context ends now and may know more.
		select {
		case err = <-done:
		case <-time.After(2*s.cleanupTime() + time.Second):
			err = fmt.Errorf("it hangs, although its context has ended: %w", context.Cause(ctx))
		}
	}
	if na, ok := errors.AsType[*NotApplicableError](err); ok {
		na.Check = c.Name
		return na
	}
	if err != nil {
		return &FailedError{Check: c.Name, Err: err}
	}
	return nil
}

func (c Check) runOver(ctx context.Context, s *session) error {
	b, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("cannot open: %w", err)
	}
	s.Backend = b
	err = c.run(ctx, s)
	if left := s.cleanUp(ctx); left != nil {
		err = errors.Join(err, fmt.Errorf("cleaning up: %w", left))
	}
	if closed := s.Close(); closed != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closed))
	}
	return err
}

func notApplicable(format string, args ...any) error {
	return &NotApplicableError{Reason: fmt.Sprintf(format, args...)}
}
