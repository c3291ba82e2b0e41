package docker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/hostspec/hostspec/backends/sandbox"
)

// A Draft is a container that was made to be changed, and perhaps to become an image.
// Nothing of how it is run stands in the image then: it runs a process that waits, or
// systemd, in place of the image's command, and bears no labels.
type Draft struct {
	made *imageContainer
	name string
}

// NewDraft makes a container and returns when it is ready. An error is a
// *backends.UnreachableError, and leaves no container behind.
func NewDraft(ctx context.Context, o sandbox.Options) (*Draft, error) {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = imageTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("it was not ready within %v", timeout))
	defer cancel()
	m, err := newDraft(ctx, o)
	if err != nil {
		return nil, err
	}
	sweep(ctx, m.api)
	if err := m.steps(ctx); err != nil {
		return nil, err
	}
	return &Draft{m, m.name}, nil
}

// ReuseDraft finds the container that NewDraft has made with the name in o, and
// starts it where it was stopped. Where there is none the error is sandbox.ErrNotFound.
func ReuseDraft(ctx context.Context, o sandbox.Options) (*Draft, error) {
	m, err := newDraft(ctx, o)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Draft, error) {
		_ = m.api.Close()
		return nil, err
	}
	c, err := m.api.ContainerInspect(ctx, o.Name)
	switch {
	case errdefs.IsNotFound(err):
		return fail(fmt.Errorf("%w: %s", sandbox.ErrNotFound, o.Name))
	case err != nil:
		return fail(unreachable(m.target, "look at container "+o.Name, err, ""))
	}
	m.id = c.ID
	for _, step := range []func(context.Context) error{m.inspect, m.start, m.ready} {
		if err := step(ctx); err != nil {
			return fail(err)
		}
	}
	return &Draft{m, o.Name}, nil
}

func newDraft(ctx context.Context, o sandbox.Options) (*imageContainer, error) {
	target := "docker-image://" + o.Image
	opt := imageOptions{systemd: o.Systemd, draft: !o.Command}
	for _, text := range o.Mounts {
		mounted, err := readMount(text)
		if err != nil {
			return nil, err
		}
		opt.mounts = append(opt.mounts, mounted)
	}
	api, err := connect(ctx, target)
	if err != nil {
		return nil, err
	}
	return &imageContainer{api: api, target: target, image: o.Image, opt: opt, name: o.Name, outlive: context.WithoutCancel(ctx)}, nil
}

// URI is the target that the container is.
func (d *Draft) URI() string { return "docker://" + d.made.id[:12] }

// RootURI is the target that the container is for root, where its image has another
// user.
func (d *Draft) RootURI() string {
	if user, _, _ := strings.Cut(d.made.config.User, ":"); user == "" || user == "root" || user == "0" || d.made.opt.systemd {
		return d.URI()
	}
	return "docker://0@" + d.made.id[:12]
}

// ID is the engine's name for the container.
func (d *Draft) ID() string { return d.made.id }

// ImageID is the engine's name for the image it was made from.
func (d *Draft) ImageID() string { return d.made.imageID }

// Created is when the container was made, by the clock of the engine.
func (d *Draft) Created(ctx context.Context) (time.Time, error) {
	c, err := d.made.api.ContainerInspect(ctx, d.made.id)
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, c.Created)
}

// endingTimeout is how long a container is given that perhaps ends.
const endingTimeout = 2 * time.Second

// State says in words how the container is, for whoever finds that it has gone. One
// that ends at the moment has ended.
func (d *Draft) State(ctx context.Context) string {
	limited, cancel := context.WithTimeout(ctx, endingTimeout)
	defer cancel()
	ended, failed := d.made.api.ContainerWait(limited, d.made.id, container.WaitConditionNotRunning)
	select {
	case <-ended:
	case <-failed:
	}
	c, err := d.made.api.ContainerInspect(ctx, d.made.id)
	switch {
	case errdefs.IsNotFound(err):
		return "the container was removed"
	case err != nil:
		return err.Error()
	case c.State == nil || c.State.Running:
		return "the container runs"
	}
	return "the container has ended: " + ending(c.State)
}

// Mounted returns what the engine has mounted into the container, apart from what
// sandbox.Options asked for and from what systemd needs.
func (d *Draft) Mounted(ctx context.Context) ([]sandbox.Mounted, error) {
	c, err := d.made.api.ContainerInspect(ctx, d.made.id)
	if err != nil {
		return nil, fmt.Errorf("cannot look at what is mounted in the container: %w", err)
	}
	var out []sandbox.Mounted
	add := func(kind, path string) {
		asked := slices.ContainsFunc(d.made.opt.mounts, func(m mount.Mount) bool { return m.Target == path })
		if !asked && !(d.made.opt.systemd && slices.Contains(forSystemd, path)) {
			out = append(out, sandbox.Mounted{Kind: kind, Path: path})
		}
	}
	for _, m := range c.Mounts {
		add(string(m.Type), m.Destination)
	}
	if c.HostConfig != nil {
		for path := range c.HostConfig.Tmpfs {
			add("tmpfs", path)
		}
	}
	return out, nil
}

// Running reports whether the container runs, as far as the engine says so.
func (d *Draft) Running(ctx context.Context) bool {
	c, err := d.made.api.ContainerInspect(ctx, d.made.id)
	return err == nil && c.State != nil && c.State.Running
}

// Close removes the container. It may be called more than once.
func (d *Draft) Close() error { return d.made.close() }

// Leave ends the use of the container and leaves it where it is.
func (d *Draft) Leave() error { return d.made.api.Close() }
