package docker

import (
	"context"

	"github.com/hostspec/hostspec/backends"
)

// A Container was made from an image, to be the target of several processes.
type Container struct {
	made *imageContainer
	key  string
}

// Launch makes the container of a docker-image target, and returns when it is ready.
// Errors are those of opening the target. The caller has to Close it.
func Launch(ctx context.Context, u *backends.URI) (*Container, error) {
	timeout := u.ConnectTimeout
	if timeout == 0 {
		timeout = imageTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m, err := launch(ctx, u)
	if err != nil {
		return nil, err
	}
	return &Container{m, imageKey(u)}, nil
}

// ID is the engine's name for it.
func (c *Container) ID() string { return c.made.id }

// Environ is a variable, as NAME=value, by which the same target text means this
// container in another process.
func (c *Container) Environ() string { return launchedVariable + "=" + c.made.id + " " + c.key }

// Close removes the container. It may be called more than once.
func (c *Container) Close() error { return c.made.close() }
