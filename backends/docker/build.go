package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends/remote"
	"github.com/hostspec/hostspec/backends/sandbox"
)

// Sandboxes makes containers to be converged.
type Sandboxes struct{}

var _ sandbox.Provider = Sandboxes{}

// New implements sandbox.Provider.
func (Sandboxes) New(ctx context.Context, o sandbox.Options) (sandbox.Sandbox, error) {
	return orNil(NewDraft(ctx, o))
}

// Reuse implements sandbox.Provider.
func (Sandboxes) Reuse(ctx context.Context, o sandbox.Options) (sandbox.Sandbox, error) {
	return orNil(ReuseDraft(ctx, o))
}

// orNil keeps a nil pointer from becoming an interface that is not nil.
func orNil(d *Draft, err error) (sandbox.Sandbox, error) {
	if d == nil {
		return nil, err
	}
	return d, err
}

// Build implements sandbox.Provider for a Dockerfile, by the docker command, which knows
// .dockerignore and build contexts.
func (Sandboxes) Build(ctx context.Context, dockerfile string, output io.Writer) (base, image string, err error) {
	text, err := os.ReadFile(dockerfile)
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
	var said remote.Tail
	cmd := exec.CommandContext(ctx, "docker", "build", "--force-rm", "--iidfile", file.Name(), "--file", dockerfile, filepath.Dir(dockerfile))
	cmd.Stdout, cmd.Stderr = output, io.MultiWriter(output, &said)
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return "", "", fmt.Errorf("docker build: %w: %s", err, lines[len(lines)-1])
	}
	id, err := os.ReadFile(file.Name())
	if err != nil {
		return "", "", err
	}
	if base = baseImage(string(text)); base == "" {
		return "", "", errors.New("cannot tell what its image is made FROM: a name without variables is wanted, so that specs can be red there")
	}
	return base, strings.TrimSpace(string(id)), nil
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
