package docker_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/docker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rig.Tests{M: m}) }

// within is a context that no test should outlive: ten times as long as a quick
// machine may take, since others are slow and busy.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*d)
	t.Cleanup(cancel)
	return ctx
}

// engine runs the docker command and returns what it printed.
func engine(t testing.TB, args ...string) string {
	t.Helper()
	return engineIn(t, nil, args...)
}

func engineIn(t testing.TB, stdin []byte, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("docker %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// startContainer runs a container until the end of the test, and returns its ID.
func startContainer(t testing.TB, args ...string) string {
	t.Helper()
	id := engine(t, append([]string{"run", "--detach", "--label", "hostspec-test.docker"}, args...)...)
	t.Cleanup(func() { engine(t, "rm", "--force", "--volumes", id) })
	return id
}

func mustOpen(t testing.TB, uri string) backends.Backend {
	t.Helper()
	b, err := backends.Open(within(t, time.Minute), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// unreachableText is why a target is UNREACHABLE.
func unreachableText(t testing.TB, uri string) string {
	t.Helper()
	b, err := backends.Open(within(t, time.Minute), uri)
	if err == nil {
		_ = b.Close()
		t.Fatalf("%s: expected it to be UNREACHABLE, it was reached", uri)
	}
	if _, ok := errors.AsType[*backends.UnreachableError](err); !ok {
		t.Fatalf("%s: expected an UnreachableError, found %v", uri, err)
	}
	return err.Error()
}

func wantText(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("expected %q in\n%s", part, text)
		}
	}
}

// output runs words and wants exit 0.
func output(t testing.TB, b backends.Backend, words ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: words, Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		t.Fatalf("start %q: %v", words, err)
	}
	status, err := p.Wait()
	if err != nil || !status.Success() {
		t.Fatalf("%q: %v, %v: %s", words, status, err, stderr.String())
	}
	return stdout.String()
}

const wait = `trap "exit 0" TERM INT; while :; do sleep 1000 & wait $!; done`

// dear are the checks that start hundreds of processes, and can be spoilt neither by
// the user nor by the engine.
var dear = []string{"words arrive byte for byte", "exit codes"}

func conformance(t *testing.T, uri string, kill func(context.Context) error, without ...string) {
	t.Helper()
	open := func(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, uri) }
	for _, check := range backendtest.Checks() {
		if slices.Contains(without, check.Name) {
			continue
		}
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, backendtest.Options{Kill: kill})
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name, image, user string
		without           []string
	}{
		{"debian/root", rig.Image(t), "", nil},
		{"debian/user", rig.Image(t), "65534:65534@", dear},
		{"busybox/root", busybox(t), "", dear},
		{"busybox/user", busybox(t), "65534:65534@", []string{"exit codes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := startContainer(t, c.image, "sh", "-c", wait)
			conformance(t, "docker://"+c.user+id, func(ctx context.Context) error {
				return exec.CommandContext(ctx, "docker", "kill", id).Run()
			}, c.without...)
		})
	}
}
