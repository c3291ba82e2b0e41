package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/near"
)

func init() {
	backends.Register("docker", backends.Driver{Container: true, Literal: true, Check: checkContainer, Open: openContainer})
	backends.Register("docker-image", backends.Driver{
		Options:   imageOptionNames,
		Container: true, Literal: true, Check: checkImage, Open: openImage,
		Launch: func(ctx context.Context, u *backends.URI) (backends.Launched, error) { return Launch(ctx, u) },
	})
}

var imageOptionNames = []string{"boot", "env", "mount", "entrypoint"}

// strange is the first name in what was to be options that is none; where there is no
// such one, the last has no value.
func strange(text string, known []string) (name string) {
	for pair := range strings.SplitSeq(text[strings.LastIndexByte(text, '?')+1:], "&") {
		if name, _, _ = strings.Cut(pair, "="); !slices.Contains(known, name) {
			return name
		}
	}
	return name
}

// strangeOption says why the end of a name, which has a question mark in it, was not
// taken for options.
func strangeOption(text string, known []string) string {
	if name := strange(text, known); slices.Contains(known, name) {
		return fmt.Sprintf("write %s=VALUE", name)
	} else if optionName().MatchString(name) {
		return fmt.Sprintf("unknown option %q; known: %s", name, strings.Join(known, ", "))
	}
	return "options that exist: " + strings.Join(known, ", ")
}

// optionName is what can be shown: it is none of a secret's.
var optionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z_]{1,20}$`) })

// containerName is what the engine takes for a name, and an ID is one as well.
var containerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`) })

// splitContainer reads USER@NAME.
func splitContainer(rest string) (user, name string) {
	i := strings.LastIndexByte(rest, '@')
	if i < 0 {
		return "", rest
	}
	return rest[:i], rest[i+1:]
}

func checkContainer(u *backends.URI) error {
	user, name := splitContainer(u.Rest)
	switch {
	case name == "":
		return errors.New("it names no container; write docker://NAME or docker://USER@NAME")
	case !containerName().MatchString(name) && strings.Contains(name, "?"):
		if option := strange(name, backends.CommonOptions()); slices.Contains(imageOptionNames, option) {
			return fmt.Errorf("option %q is for containers that are made from an image; did you mean docker-image://?", option)
		}
		return fmt.Errorf("%q is not a valid container name; %s", name, strangeOption(name, backends.CommonOptions()))
	case !containerName().MatchString(name) && strings.ContainsAny(name, "/:"):
		return fmt.Errorf("%q is not a valid container name; for an image write docker-image://%s", name, name)
	case !containerName().MatchString(name):
		return fmt.Errorf("%q is not a valid container name: that has letters, digits and _.-", name)
	case strings.Contains(u.Rest, "@") && user == "":
		return fmt.Errorf("no user stands before the @; write docker://%s", name)
	case strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("a user's name holds no white space or control characters")
	}
	return nil
}

func openContainer(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	api, err := connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	user, name := splitContainer(u.Rest)
	b, err := reach(ctx, api, u.String(), user, name)
	if err != nil {
		_ = api.Close()
		return nil, err
	}
	return b, nil
}

// reach makes a backend of a container that exists.
func reach(ctx context.Context, api *client.Client, target, user, name string) (backends.Backend, error) {
	tried := "look at container " + name
	c, err := settled(ctx, api, name)
	switch {
	case errdefs.IsNotFound(err):
		return nil, unreachable(target, tried, &worded{"no such container", err}, nearContainers(ctx, api, name))
	case err != nil:
		return nil, unreachable(target, tried, err, "")
	}
	switch state := c.State; {
	case state.Paused:
		return nil, unreachable(target, tried, errors.New("it is paused"), "docker unpause "+name)
	case state.Restarting:
		return nil, unreachable(target, tried, fmt.Errorf("it restarts again and again (%s)", ending(state)), lastWordsOf(ctx, api, c.ID))
	case state.Dead, state.Status == "removing":
		return nil, unreachable(target, tried, fmt.Errorf("it is %s", state.Status), "Its removal failed or has not ended: docker rm -f "+name)
	case !state.Running && backends.IsReconnect(ctx):
		// What is left of it is not what was asked so far.
		return nil, unreachable(target, tried, fmt.Errorf("it has ended meanwhile (%s)", ending(state)), lastWordsOf(ctx, api, c.ID))
	case !state.Running:
		return newLimited(api, c.ID, errNotRunning, nil), nil
	}
	return overShell(ctx, api, target, user, c, nil)
}

var (
	errNotRunning = errors.New("the container is not running")
	errNoShell    = errors.New("no shell in this container")
)

// overShell makes a backend of a container that runs.
func overShell(ctx context.Context, api *client.Client, target, user string, c container.InspectResponse, remove func() error) (backends.Backend, error) {
	b := newBackend(ctx, api, user, c, remove)
	found, err := hasShell(ctx, api, c.ID)
	if err == nil && !found {
		// It may be somewhere else on the PATH.
		b.sh = "sh"
		code, err := b.run(ctx, user, []string{b.sh, "-c", ":"}, nil)
		if err == nil && (code == 126 || code == 127) {
			return newLimited(api, c.ID, errNoShell, remove), nil
		}
	}
	if err := b.lives(ctx); err != nil && ctx.Err() == nil {
		return nil, unreachable(target, "look for a shell", err, lastWordsOf(ctx, api, c.ID))
	}
	return b, nil
}

// binSh is where POSIX systems have their shell. The PATH of an image need not lead
// there.
const binSh = "/bin/sh"

// hasShell looks for /bin/sh without a process; the archive API follows the links in
// a path, but not one at its end.
func hasShell(ctx context.Context, api client.APIClient, id string) (bool, error) {
	return hasProgram(ctx, api, id, binSh)
}

func hasProgram(ctx context.Context, api client.APIClient, id, name string) (bool, error) {
	for range 10 {
		stat, err := api.ContainerStatPath(ctx, id, name)
		switch {
		case errdefs.IsNotFound(err):
			return false, nil
		case err != nil:
			return false, err
		case stat.Mode&os.ModeSymlink == 0:
			return stat.Mode.IsRegular(), nil
		}
		if name = stat.LinkTarget; !path.IsAbs(name) {
			return false, nil
		}
	}
	return false, nil
}

// restartPatience is how long a restarting container may take to be up.
const restartPatience = 3 * time.Second

// settled looks at a container, and waits a little where it is just restarting.
func settled(ctx context.Context, api client.APIClient, name string) (container.InspectResponse, error) {
	end := time.Now().Add(restartPatience)
	for {
		c, err := api.ContainerInspect(ctx, name)
		if err == nil && c.State == nil {
			err = errors.New("the engine tells no state")
		}
		if err != nil || !c.State.Restarting || time.Now().After(end) {
			return c, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return c, nil
		}
	}
}

// ending says how a container has ended.
func ending(s *container.State) string {
	text := fmt.Sprintf("exit %d", s.ExitCode)
	if s.OOMKilled {
		text += ", out of memory"
	}
	if s.Error != "" {
		text += ", " + s.Error
	}
	return text
}

// nearContainers names the containers that could have been meant.
func nearContainers(ctx context.Context, api client.APIClient, name string) string {
	all, err := api.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return ""
	}
	var names []string
	for _, c := range all {
		for _, n := range c.Names {
			names = append(names, strings.TrimPrefix(n, "/"))
		}
	}
	if len(names) == 0 {
		return "The engine has no containers at all."
	}
	if likely := near.Names(name, names); len(likely) > 0 {
		return "Near it: " + strings.Join(likely, ", ") + "."
	}
	slices.Sort(names)
	return "The engine has: " + strings.Join(names[:min(near.Most, len(names))], ", ") + "."
}
