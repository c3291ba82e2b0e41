package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/sandbox"
)

const (
	// stopTimeout is how long systemd may take to end before a commit.
	stopTimeout = 20 * time.Second
	// commitTimeout is how long a commit may take. Eight seconds for a hundred thousand
	// new files were measured.
	commitTimeout = 10 * time.Minute
)

// A Candidate is an image that was made of a Draft and has no name yet by which anybody
// would use it.
type Candidate struct {
	from *imageContainer
	id   string
	// name is one that is swept if this process dies; empty where there is none.
	name   string
	tagged bool
}

// Commit makes an image of the container as it is. A container with systemd is shut
// down first, so that what services keep in memory is written. The image has the
// configuration of the image that the container was made from, which was compared, and
// labels beside that one's. The caller has to Close it.
func (d *Draft) Commit(ctx context.Context, labels map[string]string) (sandbox.Image, error) {
	m := d.made
	if m.opt.systemd {
		if err := m.shutDown(ctx); err != nil {
			return nil, fmt.Errorf("cannot shut down systemd in the container: %w", err)
		}
	}
	config, err := committed(m.config, labels)
	if err != nil {
		return nil, err
	}
	c := &Candidate{from: m, name: ownName()}
	if err := c.commit(ctx, config); err != nil {
		return nil, err
	}
	if err := c.check(ctx, config); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// commit asks the engine for the image. An engine that was asked cannot be called back,
// so the answer is waited for whatever becomes of ctx: else nobody would know what to
// remove.
func (c *Candidate) commit(ctx context.Context, config *container.Config) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	limited, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), commitTimeout, fmt.Errorf("it was not done within %v", commitTimeout))
	defer cancel()
	api, err := connectWithin(limited, c.from.target, commitTimeout)
	if err != nil {
		return err
	}
	defer api.Close() // it has nothing to write
	made, err := api.ContainerCommit(limited, c.from.id, container.CommitOptions{Reference: c.name, Pause: true, Config: config})
	if err != nil {
		return fmt.Errorf("cannot commit the container: %w", err)
	}
	c.id = made.ID
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), c.Close())
	}
	return nil
}

// check compares the configuration of the image with what it is to be.
func (c *Candidate) check(ctx context.Context, want *container.Config) error {
	made, err := c.from.api.ImageInspect(ctx, c.id)
	if err != nil {
		return fmt.Errorf("cannot look at the image that was made: %w", err)
	}
	differ, err := differing(want, made.Config)
	if err != nil {
		return err
	}
	if len(differ) > 0 {
		return fmt.Errorf("the engine did not keep the configuration of %s in the image: %v would differ", c.from.image, differ)
	}
	return nil
}

// ID is the engine's name for the image.
func (c *Candidate) ID() string { return c.id }

// Run makes a container of the image that runs as it is meant to: its own command, or
// systemd. Where that ends at once or is not healthy in time, a process waits in its
// place, and instead says why. The caller has to Close the container.
func (c *Candidate) Run(ctx context.Context) (fresh sandbox.Sandbox, instead error, err error) {
	o := sandbox.Options{Image: c.id, Systemd: c.from.opt.systemd, Command: true}
	d, instead := NewDraft(ctx, o)
	if instead == nil || o.Systemd || ctx.Err() != nil {
		fresh, err = orNil(d, instead)
		return fresh, nil, err
	}
	if u, ok := errors.AsType[*backends.UnreachableError](instead); ok {
		instead = u.Err
	}
	o.Command = false
	fresh, err = orNil(NewDraft(ctx, o))
	return fresh, instead, err
}

// Tag gives the image the name that it is meant for. A reference that is in use is an
// error, sandbox.ErrTagInUse, unless it is to be taken over.
func (c *Candidate) Tag(ctx context.Context, reference string, force bool) error {
	err := tag(ctx, c.from, c.id, reference, force)
	c.tagged = c.tagged || err == nil
	return err
}

// Close removes the image unless it was tagged. Containers of it must be closed first.
// It may be called more than once.
func (c *Candidate) Close() error {
	name := c.name
	if name == "" && !c.tagged {
		name = c.id
	}
	if name == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.from.outlive, removeTimeout)
	defer cancel()
	_, err := c.from.api.ImageRemove(ctx, name, image.RemoveOptions{})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("cannot remove the image %s, which was made on the way: %w", name, err)
	}
	return nil
}

// Tag gives another name to the image that the container was made from.
func (d *Draft) Tag(ctx context.Context, reference string, force bool) (string, error) {
	return d.made.imageID, tag(ctx, d.made, d.made.imageID, reference, force)
}

func tag(ctx context.Context, m *imageContainer, id, reference string, force bool) error {
	if err := m.checkTag(ctx, reference, force); err != nil {
		return err
	}
	if err := m.api.ImageTag(ctx, id, reference); err != nil {
		return fmt.Errorf("cannot tag the image: %w", err)
	}
	return nil
}

// CheckTag is the error that Tag would meet at the moment.
func (d *Draft) CheckTag(ctx context.Context, reference string, force bool) error {
	return d.made.checkTag(ctx, reference, force)
}

func (m *imageContainer) checkTag(ctx context.Context, reference string, force bool) error {
	if force {
		return nil
	}
	image, err := m.api.ImageInspect(ctx, reference)
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s is image %s", sandbox.ErrTagInUse, reference, image.ID)
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

// differing names the parts of an image's configuration that are not as wanted, sorted.
func differing(want *container.Config, got *dockerspec.DockerOCIImageConfig) ([]string, error) {
	a, err := fields(want)
	if err != nil {
		return nil, err
	}
	b, err := fields(got)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	var names []string
	for name := range all {
		if !reflect.DeepEqual(a[name], b[name]) && !slices.Contains(ofContainers, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// ofContainers are parts of a configuration that mean something in a container alone.
var ofContainers = []string{"Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Image", "MacAddress", "NetworkDisabled"}

// fields are the parts of a configuration that say something.
func fields(config any) (map[string]any, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	maps.DeleteFunc(out, func(_ string, v any) bool {
		value := reflect.ValueOf(v)
		return v == nil || value.IsZero() || (value.Kind() == reflect.Slice || value.Kind() == reflect.Map) && value.Len() == 0
	})
	return out, nil
}
