package docker_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// podman serves the Docker API from storage of its own for the length of the test, and
// DOCKER_HOST names it.
func podman(t *testing.T) {
	t.Helper()
	// Paths below it become those of sockets, which are short.
	dir, err := os.MkdirTemp("", "hs-podman-")
	if err != nil {
		t.Fatal(err)
	}
	// It would raise limits, which a container may not.
	conf := "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "containers.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := "unix://" + filepath.Join(dir, "s")
	// Its bridge, its rules, its mounts, and the monitors that outlive each exec by
	// minutes go with the namespaces.
	service := exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "podman",
		"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"), "--tmpdir", filepath.Join(dir, "tmp"),
		"--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
		"system", "service", "--time", "0", socket)
	service.Env = append(os.Environ(), "CONTAINERS_CONF="+filepath.Join(dir, "containers.conf"))
	if err := service.Start(); err != nil {
		t.Fatalf("%v; apt-get install podman", err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait() // it was killed
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("DOCKER_HOST", socket)
	until(t, "an answer of podman", func() bool { return exec.Command("docker", "version").Run() == nil })
}

func TestPodman(t *testing.T) {
	podman(t)
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
