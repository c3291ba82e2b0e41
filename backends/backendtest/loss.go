package backendtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostspec/hostspec/backends"
)

// lossChecks come last: there may be no target afterwards.
var lossChecks = []Check{
	{"a target that dies under a command", lost},
}

func lost(ctx context.Context, s *session) error {
	if s.opts.Kill == nil {
		return notApplicable("Options.Kill is not set, so nothing can make the target die")
	}
	stdout := newWatcher()
	// Short enough to be gone soon where it survives its connection.
	cmd := sh(`echo up; sleep 60`)
	cmd.Stdout = stdout
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := stdout.await(ctx, "up\n"); err != nil {
		return err
	}
	if err := s.opts.Kill(ctx); err != nil {
		return fmt.Errorf("cannot make the target die: %w", err)
	}
	var errs []error
	if status, err := waitSoon(ctx, p, "the death of the target"); !errors.Is(err, backends.ErrLost) {
		errs = append(errs, fmt.Errorf("expected ErrLost of Wait, found %v, %w", status, orNil(err)))
	}
	if _, err := run(ctx, s, sh(`:`)); !errors.Is(err, backends.ErrLost) {
		errs = append(errs, fmt.Errorf("expected ErrLost of the next Start, found %w", orNil(err)))
	}
	return errors.Join(errs...)
}
