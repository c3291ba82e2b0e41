package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

// DraftOptions are what a Draft is made from. The zero value, but for the image,
// makes a container in which a process waits.
type DraftOptions struct {
	// Image is the reference of an image that the engine has.
	Image string
	// Systemd boots the image's systemd.
	Systemd bool
	// Mounts are SRC:DST or SRC:DST:ro, with absolute paths.
	Mounts []string
	// Name is the container's; where it is empty the engine's host is swept of it
	// when this process has died without Close.
	Name string
	// Timeout is how long it may take to be ready; a minute when zero.
	Timeout time.Duration
}

// A Draft is a container that was made to be changed, and perhaps to become an image.
// Nothing of how it is run stands in the image then: it runs a process that waits, or
// systemd, in place of the image's command, and bears no labels.
type Draft struct {
	made *imageContainer
	name string
}

// NewDraft makes a container and returns when it is ready. An error is a
// *backends.UnreachableError, and leaves no container behind.
func NewDraft(ctx context.Context, o DraftOptions) (*Draft, error) {
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
// starts it where it was stopped. Where there is none the error is ErrNoDraft.
func ReuseDraft(ctx context.Context, o DraftOptions) (*Draft, error) {
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
		return fail(fmt.Errorf("%w: %s", ErrNoDraft, o.Name))
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

// ErrNoDraft is the error of ReuseDraft where there is nothing to be used again.
var ErrNoDraft = errors.New("there is no container of that name")

func newDraft(ctx context.Context, o DraftOptions) (*imageContainer, error) {
	target := "docker-image://" + o.Image
	opt := imageOptions{systemd: o.Systemd, draft: true}
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
	return &imageContainer{api: api, target: target, image: o.Image, opt: opt, name: o.Name}, nil
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

// Running tells whether the container runs, as far as the engine says so.
func (d *Draft) Running(ctx context.Context) bool {
	c, err := d.made.api.ContainerInspect(ctx, d.made.id)
	return err == nil && c.State != nil && c.State.Running
}

// Close removes the container. It may be called more than once.
func (d *Draft) Close() error { return d.made.close() }

// Leave ends the use of the container and leaves it where it is.
func (d *Draft) Leave() error { return d.made.api.Close() }

// stopTimeout is how long systemd may take to end before a commit.
const stopTimeout = 20 * time.Second

// Commit makes an image of the container as it is, tagged with the reference, and
// returns its ID. A container with systemd is shut down first, so that what services
// keep in memory is written. The image has the entrypoint, command, user, working
// directory and environment of the image that the container was made from, and
// labels beside that one's. A reference that is in use is an error, ErrTagInUse,
// unless it is to be taken over.
func (d *Draft) Commit(ctx context.Context, reference string, labels map[string]string, force bool) (string, error) {
	m := d.made
	if err := checkTag(ctx, m, reference, force); err != nil {
		return "", err
	}
	if m.opt.systemd {
		if err := m.shutDown(ctx); err != nil {
			return "", fmt.Errorf("cannot shut down systemd in the container: %w", err)
		}
	}
	config, err := committed(m.config, labels)
	if err != nil {
		return "", err
	}
	made, err := m.api.ContainerCommit(ctx, m.id, container.CommitOptions{Reference: reference, Pause: true, Config: config})
	if err != nil {
		return "", fmt.Errorf("cannot commit the container: %w", err)
	}
	image, err := m.api.ImageInspect(ctx, made.ID)
	if err != nil {
		return "", fmt.Errorf("cannot look at the image that was made: %w", err)
	}
	if differs := differing(m.config, image.Config); differs != "" {
		return "", fmt.Errorf("image %s was made, but its %s is not that of %s", made.ID, differs, m.image)
	}
	return made.ID, nil
}

// ErrTagInUse is the error of promoting onto a reference that names an image already.
var ErrTagInUse = errors.New("the tag is in use")

func checkTag(ctx context.Context, m *imageContainer, reference string, force bool) error {
	if force {
		return nil
	}
	image, err := m.api.ImageInspect(ctx, reference)
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s is image %s", ErrTagInUse, reference, image.ID)
	case errdefs.IsNotFound(err):
		return nil
	}
	return fmt.Errorf("cannot look whether %s is in use: %w", reference, err)
}

// shutDown has systemd end everything, and waits for it (systemd(1), SIGRTMIN+3).
func (m *imageContainer) shutDown(ctx context.Context) error {
	if err := m.api.ContainerKill(ctx, m.id, "SIGRTMIN+3"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopTimeout, fmt.Errorf("it did not end within %v", stopTimeout))
	defer cancel()
	ended, failed := m.api.ContainerWait(ctx, m.id, container.WaitConditionNotRunning)
	select {
	case <-ended:
		return nil
	case err := <-failed:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
}

// committed is the image's own configuration as a commit takes it. What is nil there
// would be taken from the container.
func committed(config *dockerspec.DockerOCIImageConfig, labels map[string]string) (*container.Config, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	out := &container.Config{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, err
	}
	if out.Entrypoint == nil {
		out.Entrypoint = []string{}
	}
	if out.Cmd == nil {
		out.Cmd = []string{}
	}
	all := maps.Clone(out.Labels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, labels)
	out.Labels = all
	return out, nil
}

// differing names the first part of a configuration that a commit has not kept.
func differing(want, got *dockerspec.DockerOCIImageConfig) string {
	same := func(a, b []string) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }
	switch {
	case got == nil:
		return "configuration"
	case !same(want.Entrypoint, got.Entrypoint):
		return "entrypoint"
	case !same(want.Cmd, got.Cmd):
		return "command"
	case want.User != got.User:
		return "user"
	case want.WorkingDir != got.WorkingDir:
		return "working directory"
	case !same(want.Env, got.Env):
		return "environment"
	}
	return ""
}

// Tag gives an image another name: what a Draft was made from and did not change.
func (d *Draft) Tag(ctx context.Context, reference string, force bool) (string, error) {
	if err := checkTag(ctx, d.made, reference, force); err != nil {
		return "", err
	}
	if err := d.made.api.ImageTag(ctx, d.made.imageID, reference); err != nil {
		return "", fmt.Errorf("cannot tag the image: %w", err)
	}
	return d.made.imageID, nil
}
