package docker_test

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func TestPodman(t *testing.T) {
	rig.Podman(t)
	image := busybox(t)
	t.Run("image", func(t *testing.T) {
		b := mustOpen(t, "docker-image://"+image+"?env=A=b")
		if got := output(t, b, "sh", "-c", `echo "$A"`); got != "b\n" {
			t.Errorf("found %q", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		wantNoneLeft(t, image)
	})
	t.Run("texts", func(t *testing.T) {
		wantText(t, unreachableText(t, "docker://nosuchcontainer"), "no such container")
		wantText(t, unreachableText(t, "docker-image://localhost/none:1"), "docker pull localhost/none:1")
		id := startContainer(t, image, "true")
		until(t, "its end", func() bool { return engine(t, "inspect", "--format", "{{.State.Status}}", id) == "exited" })
		b := mustOpen(t, "docker://"+id)
		wantLimited(t, b, "the container is not running")
		info, err := b.(backends.FileReader).Stat(within(t, time.Minute), "/bin/sh", true)
		if err != nil || info.Mode != 0o100755 || info.UID != 0 {
			t.Errorf("/bin/sh: %+v, %v", info, err)
		}
	})
	id := startContainer(t, image, "sh", "-c", wait)
	t.Run("unread stdin", func(t *testing.T) {
		b := mustOpen(t, "docker://"+id)
		for range 20 {
			var stdout bytes.Buffer
			p, err := b.Start(within(t, time.Minute), backends.Command{
				Args: []string{"sh", "-c", "echo done"}, Stdin: bytes.NewReader(make([]byte, 8<<20)), Stdout: &stdout,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Wait(); err == nil && stdout.String() != "done\n" {
				t.Fatalf("expected an error, or all of the output; found %q", stdout.String())
			} else if err != nil {
				wantText(t, err.Error(), "before it had read all of its stdin")
			}
		}
	})
	conformance(t, "docker://"+id, func(ctx context.Context) error {
		return exec.CommandContext(ctx, "docker", "kill", id).Run()
	}, append(slices.Clone(dear), "a process that does not read a large stdin")...)
}
