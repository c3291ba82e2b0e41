package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends/docker"
)

// build makes the image of the suite's Dockerfile by the docker command, which knows
// .dockerignore and build contexts, and returns what it was made from and its ID.
func (l *run) build(ctx context.Context) (base, built string, err error) {
	text, err := os.ReadFile(l.suite.Dockerfile)
	if err != nil {
		return "", "", err
	}
	file, err := os.CreateTemp("", "hostspec-image-")
	if err != nil {
		return "", "", err
	}
	defer os.Remove(file.Name()) // of no use to anybody
	if err := file.Close(); err != nil {
		return "", "", err
	}
	var said bytes.Buffer
	out := &together{w: l.hooks.Output}
	cmd := exec.CommandContext(ctx, "docker", "build", "--force-rm", "--iidfile", file.Name(), "--file", l.suite.Dockerfile, filepath.Dir(l.suite.Dockerfile))
	cmd.Stdout, cmd.Stderr = out, io.MultiWriter(out, &said)
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		return "", "", fmt.Errorf("docker build: %w: %s", err, lastLine(said.String()))
	}
	id, err := os.ReadFile(file.Name())
	if err != nil {
		return "", "", err
	}
	built = strings.TrimSpace(string(id))
	if base = baseImage(string(text)); base == "" {
		return "", "", errors.New("cannot tell what its image is made FROM: a name without variables is wanted, so that specs can be red there")
	}
	return base, built, nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// baseImage reads what the last stage of a Dockerfile begins with: an image, by way
// of other stages where it has to be; empty where that cannot be told. Arguments
// count by their defaults.
func baseImage(dockerfile string) string {
	from := ""
	stages := map[string]string{}
	args := map[string]string{}
	for line := range strings.Lines(dockerfile) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch strings.ToUpper(words[0]) {
		case "ARG":
			if name, value, ok := strings.Cut(words[1], "="); ok && from == "" {
				args[name] = strings.Trim(value, `"'`)
			}
		case "FROM":
			words = words[1:]
			for len(words) > 1 && strings.HasPrefix(words[0], "--") {
				words = words[1:]
			}
			from = os.Expand(words[0], func(name string) string { return args[name] })
			if of, ok := stages[strings.ToLower(from)]; ok {
				from = of
			}
			if len(words) == 3 && strings.EqualFold(words[1], "AS") {
				stages[strings.ToLower(words[2])] = from
			}
		}
	}
	return from
}

// takeBuilt puts a container of the built image in the place of that of its base.
func (l *run) takeBuilt(ctx context.Context) error {
	if err := errors.Join(l.target.Close(), l.eyes.Close()); err != nil {
		return err
	}
	if err := l.draft.Close(); err != nil {
		return err
	}
	var err error
	o := docker.DraftOptions{Image: l.history.built, Systemd: l.suite.Systemd, Mounts: mounts(l.suite)}
	if l.opt.Keep {
		o.Name = l.opt.Container
	}
	if l.draft, err = docker.NewDraft(ctx, o); err != nil {
		return err
	}
	l.result.Target = l.draft.URI()
	return l.reach(l.draft.URI())
}
