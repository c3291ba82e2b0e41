package backendtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

var lifeChecks = []Check{
	{"a context that has ended starts nothing", endedContext},
	{"a cancelled context leaves no orphan", cancelled},
	{"a deadline leaves no orphan", deadlined},
	{"signals that are ignored do not save a process", stubborn},
	{"a grandchild that holds the pipe", grandchild},
	{"nothing is written after Wait", lateOutput},
	{"50 commands at once", fifty},
	{"50 commands cancelled at once", fiftyCancelled},
	{"close kills what still runs", closeKills},
	{"use after Close", afterClose},
}

// family starts children that sleep, in the foreground and in the background,
// and says so. Its argument is the marker.
const family = `sleep "$1" & sh -c 'sleep "$1" & wait' sh "$1" & (sleep "$1") & echo up; sleep "$1"; echo down`

// errStop is the cause of the checks' own cancelling.
var errStop = errors.New("backendtest has seen enough")

func endedContext(ctx context.Context, s *session) error {
	dir, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errStop)
	if _, err = run(ended, s, sh(`: >"$1"`, dir+"/ran")); !errors.Is(err, errStop) {
		return fmt.Errorf("expected the cause of the context, found %w", orNil(err))
	}
	out, err := must(ctx, s, `ls "$1"`, dir)
	return errors.Join(err, same("files made by a process that must not run", "", out))
}

// orNil makes an error of none, to be printed.
func orNil(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func cancelled(ctx context.Context, s *session) error {
	mark := marker()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return s.ends(ctx, inner, sh(family, mark), mark, errStop, func() { cancel(errStop) })
}

// deadlined lets the time run out while the process waits for a stdin that never
// comes.
func deadlined(ctx context.Context, s *session) error {
	mark := marker()
	inner, cancel := context.WithTimeoutCause(ctx, 2*time.Second, errStop)
	defer cancel()
	in, stdin := io.Pipe()
	defer stdin.Close()
	cmd := sh(`sleep "$1" & echo up; cat; echo down; sleep "$1"`, mark)
	cmd.Stdin = in
	return s.ends(ctx, inner, cmd, mark, errStop, func() {})
}

func stubborn(ctx context.Context, s *session) error {
	mark := marker()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := sh(`trap '' HUP INT QUIT TERM PIPE; sleep "$1" & echo up; sleep "$1"; sleep "$1"; echo down`, mark)
	return s.ends(ctx, inner, cmd, mark, errStop, func() { cancel(errStop) })
}

// ends starts a command under inner, stops it once it is up, and wants the cause
// from Wait and nothing left on the target.
func (s *session) ends(ctx, inner context.Context, cmd backends.Command, mark string, cause error, stop func()) error {
	stdout := newWatcher()
	cmd.Stdout = stdout
	p, err := s.Start(inner, cmd)
	if err != nil {
		return errors.Join(fmt.Errorf("start: %w", err), s.noSurvivors(ctx, mark))
	}
	if err := stdout.await(ctx, "up\n"); err != nil {
		return errors.Join(err, s.noSurvivors(ctx, mark))
	}
	stop()
	_, err = waitSoon(ctx, p, "the end of its context")
	var errs []error
	if !errors.Is(err, cause) {
		errs = append(errs, fmt.Errorf("expected Wait to return %q, found %w", cause, orNil(err)))
	}
	return errors.Join(append(errs,
		same("stdout", "up\n", stdout.String()), s.noSurvivors(ctx, mark))...)
}

// grandchild leaves a process behind that has our pipes open.
func grandchild(ctx context.Context, s *session) error {
	mark := marker()
	s.cleanup(func(ctx context.Context) error {
		return s.afresh(ctx, func(b backends.Backend) error { return killMarked(ctx, b, mark) })
	})
	stdout := newWatcher()
	cmd := sh(`sleep "$1" & echo done; exit 9`, mark)
	cmd.Stdout = stdout
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	status, err := waitSoon(ctx, p, "the end of the process, although a grandchild holds its output open")
	return errors.Join(err, same("stdout", "done\n", stdout.String()), same("status", "exit 9", status.String()))
}

// lateOutput is printed by a grandchild that waits until Wait has returned.
func lateOutput(ctx context.Context, s *session) error {
	dir, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	mark := marker()
	stdout := newWatcher()
	cmd := sh(`sh -c 'until [ -e "$1/go" ] || ! [ -e "$1" ]; do sleep 1; done; echo late; sleep 1' sh "$2" "$1" & echo done`, mark, dir)
	cmd.Stdout = stdout
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if _, err := waitSoon(ctx, p, "the end of the process, although a grandchild will print more"); err != nil {
		return err
	}
	if _, err := must(ctx, s, `: >"$1/go"`, dir); err != nil {
		return err
	}
	return errors.Join(s.noSurvivors(ctx, mark), same("stdout", "done\n", stdout.String()))
}

// fifty is more than sshd's MaxSessions.
func fifty(ctx context.Context, s *session) error {
	return together(50, 50, func(i int) error {
		name := fmt.Sprintf("command %d", i)
		cmd := sh(`read -r line; seq 1 2000; echo "$line $1" >&2; exit "$1"`, fmt.Sprint(i))
		cmd.Stdin = strings.NewReader(name + "\n")
		var out counted
		cmd.Stdout = &out
		r, err := run(ctx, s, cmd)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return errors.Join(
			out.upTo(name, 2000),
			same("stderr", fmt.Sprintf("%s %d\n", name, i), r.stderr),
			same("status", fmt.Sprintf("exit %d", i), r.Status.String()))
	})
}

// fiftyCancelled ends what runs and what still waits for a place.
func fiftyCancelled(ctx context.Context, s *session) error {
	mark := marker()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout := newWatcher()
	go func() {
		// Without a first one this check ends by its deadline, which says so.
		if stdout.await(inner, "up\n") != nil {
			return
		}
		// How many run at once is the target's affair: no more come when none
		// has come for a while.
		for more := true; more; {
			select {
			case <-stdout.more:
			case <-time.After(500 * time.Millisecond):
				more = false
			}
		}
		cancel(errStop)
	}()
	errs := []error{together(50, 50, func(int) error {
		cmd := sh(`echo up; sleep "$1"`, mark)
		cmd.Stdout = stdout
		if _, err := run(inner, s, cmd); !errors.Is(err, errStop) {
			return fmt.Errorf("expected %q, found %w", errStop, orNil(err))
		}
		return nil
	})}
	errs = append(errs, s.noSurvivors(ctx, mark))
	// The places are free again.
	_, err := must(ctx, s, `:`)
	return errors.Join(append(errs, err)...)
}

func closeKills(ctx context.Context, s *session) error {
	mark := marker()
	stdout := newWatcher()
	cmd := sh(family, mark)
	cmd.Stdout = stdout
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	errs := []error{stdout.await(ctx, "up\n"), s.Close()}
	// An error of the context means that Close did nothing.
	if status, err := waitSoon(ctx, p, "Close"); err == nil || ctx.Err() != nil {
		errs = append(errs, fmt.Errorf("expected Wait to return an error soon after Close, found %v, %w", status, orNil(err)))
	}
	return errors.Join(append(errs, s.noSurvivors(ctx, mark))...)
}

func afterClose(ctx context.Context, s *session) error {
	var errs []error
	for _, when := range []string{"the first", "the second", "the third"} {
		if err := s.Close(); err != nil {
			errs = append(errs, fmt.Errorf("expected nil from %s Close, found %w", when, err))
		}
		if _, err := run(ctx, s, sh(`:`)); !errors.Is(err, backends.ErrClosed) {
			errs = append(errs, fmt.Errorf("expected ErrClosed after %s Close, found %w", when, orNil(err)))
		}
	}
	if fr, ok := s.Backend.(backends.FileReader); ok {
		if _, err := fr.Stat(ctx, "/", true); !errors.Is(err, backends.ErrClosed) {
			errs = append(errs, fmt.Errorf("expected ErrClosed of Stat after Close, found %w", orNil(err)))
		}
	}
	return errors.Join(errs...)
}
