package backendtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostspec/hostspec/backends"
)

var runChecks = []Check{
	{"run: output and how it ended", runTells},
	{"run: what stays in the background is left alone", runLeavesAlone},
	{"run: a deadline kills all that was started", runKills},
}

func runner(s *session) (backends.Runner, error) {
	r, ok := s.Backend.(backends.Runner)
	if !ok {
		return nil, notApplicable("the backend does not run commands by itself")
	}
	return r, nil
}

// runScript runs a script by Run.
func runScript(ctx context.Context, r backends.Runner, cmd backends.Command) (status backends.Status, stdout, stderr string, err error) {
	out, complaints := newWatcher(), newWatcher()
	cmd.Stdout, cmd.Stderr = out, complaints
	status, err = r.Run(ctx, cmd)
	return status, out.String(), complaints.String(), err
}

func runTells(ctx context.Context, s *session) error {
	r, err := runner(s)
	if err != nil {
		return err
	}
	status, stdout, stderr, err := runScript(ctx, r, sh(`echo out; sleep 1; echo err >&2; exit 7`))
	errs := []error{err, same("stdout", "out\n", stdout), same("stderr", "err\n", stderr), same("status", "exit 7", status.String())}
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errStop)
	if _, _, _, err := runScript(ended, r, sh(":")); !errors.Is(err, errStop) {
		errs = append(errs, fmt.Errorf("expected the cause of a context that has ended, found %w", orNil(err)))
	}
	return errors.Join(errs...)
}

func runLeavesAlone(ctx context.Context, s *session) error {
	r, err := runner(s)
	if err != nil {
		return err
	}
	mark := marker()
	s.cleanup(func(ctx context.Context) error {
		return s.afresh(ctx, func(b backends.Backend) error { return killMarked(ctx, b, mark) })
	})
	status, stdout, _, err := runScript(ctx, r, sh(`sleep "$1" & setsid sleep "$1" & sleep 1; echo done; exit 9`, mark))
	if err := errors.Join(err, same("stdout", "done\n", stdout), same("status", "exit 9", status.String())); err != nil {
		return err
	}
	return s.afresh(ctx, func(b backends.Backend) error {
		pids, err := survivors(ctx, b, mark)
		return errors.Join(err, same("processes that live on", "2", fmt.Sprint(len(pids))))
	})
}

// runKills starts a process that leaves its group, too, beside a neighbour that is left
// alone. A shell that would do something about SIGTERM does not come to it.
func runKills(ctx context.Context, s *session) error {
	r, err := runner(s)
	if err != nil {
		return err
	}
	neighbour, mark := marker(), marker()
	s.cleanup(func(ctx context.Context) error {
		return s.afresh(ctx, func(b backends.Backend) error { return killMarked(ctx, b, neighbour) })
	})
	_, _, _, err = runScript(ctx, r, sh(`sleep "$1" >/dev/null 2>&1 &`, neighbour))
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := newWatcher()
	cmd := sh(`trap '' HUP INT; trap 'echo trapped' TERM; sleep "$1" & (setsid sh -c 'sleep "$1"; sleep "$1"' sh "$1") & setsid sleep "$1" & sleep 1; echo up; sleep "$1"; echo down`, mark)
	cmd.Stdout = out
	go func() {
		_ = out.await(ctx, "up\n") // Run ends by the check's deadline without it
		cancel(errStop)
	}()
	_, err = r.Run(inner, cmd)
	var errs []error
	if !errors.Is(err, errStop) {
		errs = append(errs, fmt.Errorf("expected %q, found %w", errStop, orNil(err)))
	}
	errs = append(errs, same("stdout", "up\n", out.String()), s.noSurvivors(ctx, mark))
	return errors.Join(append(errs, s.afresh(ctx, func(b backends.Backend) error {
		pids, err := survivors(ctx, b, neighbour)
		return errors.Join(err, same("neighbours that live on", "1", fmt.Sprint(len(pids))))
	}))...)
}
