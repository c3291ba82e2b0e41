package loop

import (
	"context"
	"errors"

	"github.com/hostspec/hostspec/backends/sandbox"
)

// takeBuilt puts a container of the built image in the place of that of its base.
func (l *run) takeBuilt(ctx context.Context) error {
	if err := errors.Join(l.target.Close(), l.eyes.Close()); err != nil {
		return err
	}
	if err := l.draft.Close(); err != nil {
		return err
	}
	var err error
	o := sandbox.Options{Image: l.history.built, Systemd: l.suite.Systemd, Mounts: mounts(l.suite)}
	if l.opt.Keep {
		o.Name = l.opt.Container
	}
	if l.draft, err = l.opt.Sandboxes.New(ctx, o); err != nil {
		return err
	}
	l.result.Target = l.draft.URI()
	return l.reach(l.draft.URI())
}
