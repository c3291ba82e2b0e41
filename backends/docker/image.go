package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/client"
	"github.com/kballard/go-shellquote"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/hostspec/hostspec/backends"
)

// imageTimeout is how long a container of an image may take to be ready where
// connect_timeout does not say: it may have to boot, or to fill a database.
const imageTimeout = time.Minute

// imageOptions are those of a docker-image URI.
type imageOptions struct {
	systemd    bool
	env        []string
	mounts     []mount.Mount
	entrypoint []string
	// draft is for a container that may become an image: see Draft.
	draft bool
}

func checkImage(u *backends.URI) error {
	if u.Rest == "" {
		return errors.New("it names no image; write docker-image://NAME:TAG")
	}
	if _, err := reference.ParseAnyReference(u.Rest); err != nil {
		if strings.Contains(u.Rest, "?") {
			return fmt.Errorf("%q is not a valid image name; %s", u.Rest, strangeOption(u.Rest, slices.Concat(imageOptionNames, backends.CommonOptions())))
		}
		return fmt.Errorf("%q is not a valid image name: %w", u.Rest, err)
	}
	if u.ConnectTimeout == 0 {
		u.ConnectTimeout = imageTimeout
	}
	_, err := readImageOptions(u)
	return err
}

func readImageOptions(u *backends.URI) (o imageOptions, err error) {
	for _, name := range []string{"boot", "entrypoint"} {
		if len(u.Options[name]) > 1 {
			return o, fmt.Errorf("option %q is given twice", name)
		}
	}
	switch boot := u.Options.Get("boot"); {
	case boot == "systemd":
		o.systemd = true
	case u.Options.Has("boot"):
		return o, fmt.Errorf("option boot=%s: want systemd; another init system is started by entrypoint=/sbin/init", boot)
	}
	o.env = u.Options["env"]
	for _, pair := range o.env {
		if name, _, ok := strings.Cut(pair, "="); !ok || name == "" {
			return o, fmt.Errorf("option env=%s: want env=NAME=VALUE", name)
		}
	}
	for _, text := range u.Options["mount"] {
		m, err := readMount(text)
		if err != nil {
			return o, err
		}
		o.mounts = append(o.mounts, m)
	}
	if !u.Options.Has("entrypoint") {
		return o, nil
	}
	o.entrypoint, err = shellquote.Split(u.Options.Get("entrypoint"))
	switch {
	case err != nil:
		return o, fmt.Errorf("option entrypoint=%s: %w", u.Options.Get("entrypoint"), err)
	case len(o.entrypoint) == 0:
		return o, errors.New("option entrypoint is empty")
	case o.systemd:
		return o, errors.New("options boot=systemd and entrypoint contradict each other")
	}
	return o, nil
}

// readMount reads SRC:DST[:ro].
func readMount(text string) (m mount.Mount, err error) {
	m.Source, m.Target, _ = strings.Cut(text, ":")
	m.Target, m.ReadOnly = strings.CutSuffix(m.Target, ":ro")
	m.Type = mount.TypeVolume
	if strings.HasPrefix(m.Source, "/") {
		m.Type = mount.TypeBind
	}
	switch {
	case m.Source == "" || !strings.HasPrefix(m.Target, "/") || strings.Contains(m.Target, ":"):
		return m, fmt.Errorf("option mount=%s: want SRC:DST or SRC:DST:ro, and DST absolute", text)
	case m.Type == mount.TypeVolume && strings.ContainsAny(m.Source, "/~"):
		return m, fmt.Errorf("option mount=%s: want SRC absolute ($PWD/DIR), or the name of a volume", text)
	}
	return m, nil
}

func openImage(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	if id := launched(u); id != "" {
		return openLaunched(ctx, u, id)
	}
	if backends.IsReconnect(ctx) {
		return nil, unreachable(u.String(), "", errors.New("its container has ended, and a new one would not be what was asked so far"), "")
	}
	m, err := launch(ctx, u)
	if err != nil {
		return nil, err
	}
	b, err := m.open(ctx)
	if err != nil {
		_ = m.close()
		return nil, err
	}
	return b, nil
}

// An imageContainer is made from an image, and ready when launch returns it.
type imageContainer struct {
	api    *client.Client
	target string
	image  string
	opt    imageOptions
	config *dockerspec.DockerOCIImageConfig
	id     string
	// imageID is the image's; name is the container's. One without a name gets one by
	// which it is swept when this process dies.
	imageID, name string
	// waits says that a process of ours stands in for the image's command.
	waits bool
	// still says that it was not started, since nothing can be.
	still bool
	// outlive never ends: what was made must go also when whoever wanted it has gone.
	outlive context.Context
}

// launch makes a container, starts it, and waits until it is ready. What it leaves
// when it fails is nothing.
func launch(ctx context.Context, u *backends.URI) (*imageContainer, error) {
	opt, err := readImageOptions(u)
	if err != nil {
		return nil, &backends.URIError{Text: u.String(), Reason: err.Error()}
	}
	api, err := connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	m := &imageContainer{api: api, target: u.String(), image: u.Rest, opt: opt, outlive: context.WithoutCancel(ctx)}
	sweep(ctx, api)
	if err := m.steps(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// steps makes the container, and takes it away when one of them fails.
func (m *imageContainer) steps(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.inspect, m.create, m.start, m.ready} {
		if err := step(ctx); err != nil {
			if removed := m.close(); removed != nil {
				err = fmt.Errorf("%w (and its container %.12s is left behind: %w)", err, m.id, removed)
			}
			return err
		}
	}
	return nil
}

// open makes a backend of the container, which its Close removes.
func (m *imageContainer) open(ctx context.Context) (backends.Backend, error) {
	if m.still {
		return newLimited(m.api, m.id, errNoShell, m.remove), nil
	}
	c, err := m.api.ContainerInspect(ctx, m.id)
	if err != nil {
		return nil, unreachable(m.target, "look at its container", err, "")
	}
	return overShell(ctx, m.api, m.target, "", c, m.remove)
}

// removeTimeout bounds the removal of a container.
const removeTimeout = time.Minute

// remove takes the container away with what runs in it and its anonymous volumes. It
// must work although everything else was interrupted.
func (m *imageContainer) remove() error {
	if m.id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(m.outlive, removeTimeout)
	defer cancel()
	return removeContainer(ctx, m.api, m.id)
}

func removeContainer(ctx context.Context, api client.APIClient, id string) error {
	err := api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // it goes already
		return nil
	}
	return err
}

func (m *imageContainer) close() error {
	err := m.remove()
	_ = m.api.Close()
	return err
}

// inspect finds the image. Nothing is pulled: what is tested is what is there.
func (m *imageContainer) inspect(ctx context.Context) error {
	image, err := m.api.ImageInspect(ctx, m.image)
	switch {
	case errdefs.IsNotFound(err):
		return unreachable(m.target, "look at image "+m.image, &worded{"the engine does not have it, and nothing is pulled unasked", err}, "docker pull "+m.image)
	case err != nil:
		return unreachable(m.target, "look at image "+m.image, err, "")
	}
	m.imageID = image.ID
	if m.config = image.Config; m.config == nil {
		m.config = &dockerspec.DockerOCIImageConfig{}
	}
	return nil
}

// waiter is what stands in for a command: it reaps children, and stops at once when
// it is told to, which `sleep infinity` as process 1 does neither of.
var waiter = []string{"sh", "-c", `trap "exit 0" TERM INT; while :; do sleep 2147483647 & wait $!; done`}

// shells are commands that end at once where nobody types.
var shells = []string{"sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "fish", "busybox"}

// onlyShell reports whether a command is a shell that is told nothing to do.
func onlyShell(words []string) bool {
	if len(words) == 0 {
		return true
	}
	if len(words) > 1 && path.Base(words[0]) == "busybox" {
		words = words[1:]
	}
	return slices.Contains(shells, path.Base(words[0])) && !slices.ContainsFunc(words[1:], func(w string) bool {
		return !strings.HasPrefix(w, "-") || w == "-c"
	})
}

func (m *imageContainer) create(ctx context.Context) error {
	config := &container.Config{Image: m.image, Env: m.opt.env}
	if m.name == "" {
		m.name = ownName()
	}
	host := &container.HostConfig{Mounts: m.opt.mounts}
	switch {
	case m.opt.systemd:
		if err := m.bootSystemd(ctx, config, host); err != nil {
			return err
		}
	case len(m.opt.entrypoint) > 0:
		config.Entrypoint, config.Cmd = m.opt.entrypoint, []string{}
	case m.opt.draft || onlyShell(append(slices.Clone(m.config.Entrypoint), m.config.Cmd...)):
		m.waits = true
		config.Entrypoint, config.Cmd = waiter, []string{}
	}
	if (m.waits || m.opt.systemd) && (!m.opt.draft || m.config.Healthcheck != nil) {
		// Its health is that of a command which does not run.
		config.Healthcheck = &dockerspec.HealthcheckConfig{Test: []string{"NONE"}}
	}
	created, err := m.api.ContainerCreate(ctx, config, host, nil, nil, m.name)
	if err != nil {
		advice := ""
		if errdefs.IsConflict(err) {
			advice = "docker rm -f " + m.name + " removes the container of that name."
		}
		return unreachable(m.target, "create a container", err, advice)
	}
	m.id = created.ID
	switch {
	case m.waits:
		found, err := hasShell(ctx, m.api, m.id)
		m.still = err == nil && !found
	case m.opt.systemd:
		return m.checkSystemd(ctx)
	}
	return nil
}

func (m *imageContainer) start(ctx context.Context) error {
	if m.still {
		return nil
	}
	if err := m.api.ContainerStart(ctx, m.id, container.StartOptions{}); err != nil {
		return unreachable(m.target, "start a container", err, "")
	}
	return nil
}

// settling is how long a command is watched that may end at once.
const settling = 300 * time.Millisecond

// ready waits until the container is what specs can be run against.
func (m *imageContainer) ready(ctx context.Context) error {
	switch {
	case m.still, m.waits:
		return nil
	case m.opt.systemd:
		return m.awaitSystemd(ctx)
	}
	check := m.healthCheck()
	for end := time.Now().Add(settling); check == nil && time.Now().Before(end); {
		if err := m.runs(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(settling / 10):
		case <-ctx.Done():
			return unreachable(m.target, "start a container", context.Cause(ctx), "")
		}
	}
	if check == nil {
		return m.runs(ctx)
	}
	return m.awaitHealth(ctx, check)
}

// runs is an error that shows the container's output when it has ended.
func (m *imageContainer) runs(ctx context.Context) error {
	c, err := m.api.ContainerInspect(ctx, m.id)
	switch {
	case err != nil:
		return unreachable(m.target, "look at its container", err, "")
	case c.State == nil || c.State.Running:
		return nil
	}
	command := strings.Join(append([]string{c.Path}, c.Args...), " ")
	return unreachable(m.target, "run its command ("+strings.TrimSpace(visible(command))+")",
		fmt.Errorf("it ended at once: %s", ending(c.State)), lastWordsOf(ctx, m.api, m.id))
}

// openLaunched reaches a container that somebody else made for this run.
func openLaunched(ctx context.Context, u *backends.URI, id string) (backends.Backend, error) {
	api, err := connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	b, err := reachLaunched(ctx, api, u.String(), id)
	if err != nil {
		_ = api.Close()
	}
	return b, err
}

func reachLaunched(ctx context.Context, api *client.Client, target, id string) (backends.Backend, error) {
	c, err := api.ContainerInspect(ctx, id)
	switch {
	case err != nil:
		return nil, unreachable(target, "look at the container made for this run", err, "")
	case c.State != nil && c.State.Status == "created":
		return newLimited(api, id, errNoShell, nil), nil
	case c.State == nil || !c.State.Running:
		return nil, unreachable(target, "look at the container made for this run",
			fmt.Errorf("it has ended (%s)", ending(c.State)), lastWordsOf(ctx, api, id))
	}
	return overShell(ctx, api, target, "", c, nil)
}

// launchedVariable names a container that was made for the run, and the image and
// options that it was made by.
const launchedVariable = "HOSTSPEC_DOCKER_CONTAINER"

// launched is the container that stands for an image in this run, or "".
func launched(u *backends.URI) string {
	id, image, _ := strings.Cut(os.Getenv(launchedVariable), " ")
	if image != imageKey(u) {
		return ""
	}
	return id
}

func imageKey(u *backends.URI) string { return u.Rest + "?" + u.Options.Encode() }
