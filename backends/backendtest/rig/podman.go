package rig

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Podman serves Docker's API from storage of its own for the length of the test, and
// DOCKER_HOST names it: what uses Docker then, uses podman.
func Podman(t *testing.T) {
	t.Helper()
	NotQuick(t)
	// Paths below it become those of sockets, which are short.
	dir, err := os.MkdirTemp("", "hs-podman-")
	must(t, err)
	// It would raise limits, which a container may not.
	conf := "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n"
	must(t, os.WriteFile(filepath.Join(dir, "containers.conf"), []byte(conf), 0o600))
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
	for end := time.Now().Add(5 * time.Minute); exec.Command("docker", "version").Run() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("podman did not answer within five minutes")
		}
	}
}
