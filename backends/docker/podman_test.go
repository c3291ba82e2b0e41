package docker_test

import (
	"context"
	"os/exec"
	"testing"

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
		wantLimited(t, mustOpen(t, "docker://"+id), "the container is not running")
	})
	id := startContainer(t, image, "sh", "-c", wait)
	conformance(t, "docker://"+id, func(ctx context.Context) error {
		return exec.CommandContext(ctx, "docker", "kill", id).Run()
	}, dear...)
}
