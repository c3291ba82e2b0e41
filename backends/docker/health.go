package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/hostspec/hostspec/backends/remote"
)

// healthPause is how long to wait before a health check is run again. The engine's
// own interval is thirty seconds unless the image says otherwise.
const healthPause = 200 * time.Millisecond

// healthCheck is the image's health check as words to run, or nil. The format is that
// of the image's configuration: NONE, CMD and words, CMD-SHELL and a script, or
// nothing.
func (m *imageContainer) healthCheck() []string {
	if m.config.Healthcheck == nil || len(m.config.Healthcheck.Test) < 2 {
		return nil
	}
	switch test := m.config.Healthcheck.Test; test[0] {
	case "CMD":
		return test[1:]
	case "CMD-SHELL":
		shell := m.config.Shell
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		return append(shell[:len(shell):len(shell)], test[1])
	}
	return nil
}

// awaitHealth runs the health check until it passes. What the engine does by itself
// would begin after an interval that is made for watching, not for waiting.
func (m *imageContainer) awaitHealth(ctx context.Context, check []string) error {
	b, err := m.bare(ctx)
	if err != nil {
		return err
	}
	seen := "it was never answered"
	for {
		if err := m.runs(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		var out remote.Tail
		code, err := b.run(ctx, "", check, &out)
		switch {
		case err == nil && code == 0:
			return nil
		case err == nil:
			seen = fmt.Sprintf("it ended last with exit %d and printed:\n%s", code, visible(out.String()))
		}
		select {
		case <-time.After(healthPause):
		case <-ctx.Done():
			return unreachable(m.target, "wait for its health check", context.Cause(ctx),
				seen+"\nconnect_timeout=2m waits longer.")
		}
	}
}

// bare is a backend of the container for what is asked before it is ready. It is not
// closed, since nothing of it lives on.
func (m *imageContainer) bare(ctx context.Context) (*backend, error) {
	c, err := m.api.ContainerInspect(ctx, m.id)
	if err != nil {
		return nil, unreachable(m.target, "look at its container", err, "")
	}
	return newBackend(ctx, m.api, "", c, nil), nil
}
