package rig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// ownerLabel is on every container of the rig and says whose it is.
	ownerLabel = "hostspec-test.owner"
	// imageTimeout bounds the making of the test image, which takes about a
	// minute where its archive is not in the cache.
	imageTimeout = 30 * time.Minute
)

// docker runs the client and returns what it printed on stdout, also beside an
// error.
func docker(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("docker %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// needDocker skips the test where Docker cannot be used.
func needDocker(tb testing.TB) {
	tb.Helper()
	NotQuick(tb)
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Minute)
	defer cancel()
	if _, err := docker(ctx, nil, "version", "--format", "{{.Server.Version}}"); err != nil {
		Skip(tb, "docker", fmt.Sprintf("docker cannot be used here (%v); as root, .ci/prepare installs and starts it", err))
	}
}

// Image returns the name of the test image, a Debian, which is made where it is
// missing. Without a working Docker the test is skipped, by Skip with the key
// "docker".
func Image(tb testing.TB) string {
	tb.Helper()
	needDocker(tb)
	ctx, cancel := context.WithTimeout(tb.Context(), imageTimeout)
	defer cancel()
	image, err := prepare(ctx)
	must(tb, err)
	return image
}

// prepare sweeps once per process, and returns the name of the test image, which
// is made where it is missing.
func prepare(ctx context.Context) (image string, err error) {
	prepared.Lock()
	defer prepared.Unlock()
	if prepared.image != "" {
		return prepared.image, nil
	}
	if err := Sweep(ctx); err != nil {
		return "", err
	}
	prepared.image, err = makeImage(ctx, "images")
	return prepared.image, err
}

// variant returns the name of a variant of the test image, which is made where it is
// missing.
func variant(ctx context.Context, name string) (image string, err error) {
	return makeImage(ctx, "inits", name)
}

// makeImage runs a script of .ci that makes an image and prints its name.
func makeImage(ctx context.Context, script string, args ...string) (image string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(root, ".ci", script), args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("make the test image: %w\n%s", err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// prepared remembers, for this process, the test image that is ready.
var prepared struct {
	sync.Mutex
	image string
}

// moduleRoot finds hostspec's own source folder above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module github.com/hostspec/hostspec\n")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("the test machine is made by hostspec's own source folder, and %s is not below it", start)
		}
	}
}
