package command_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// run returns what a program of this machine prints.
func run(t testing.TB, words ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(words, " "), err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// newChroot is a root file system in which processes and devices can be seen.
func newChroot(t testing.TB) string {
	t.Helper()
	root := rig.BusyboxRoot(t)
	for _, dir := range []string{"/proc", "/dev"} {
		if err := syscall.Mount(dir, root+dir, "", syscall.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(root+dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	return root
}

// archive makes a tar of a root file system.
func archive(t testing.TB, root string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "root.tar")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(out)
	if err := w.AddFS(os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// newPodman starts a container and returns its name.
func newPodman(t testing.TB) string {
	t.Helper()
	name := "hostspec-exec-" + strings.ToLower(rand.Text()[:8])
	image := run(t, "podman", "import", "--quiet", archive(t, rig.BusyboxRoot(t)), "localhost/"+name)
	t.Cleanup(func() { run(t, "podman", "rmi", "--force", image) })
	// The limits are low, since podman would raise them, which not every root may.
	run(t, "podman", "run", "--detach", "--name", name, "--network", "none",
		"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", image, "/bin/sleep", "1000000")
	t.Cleanup(func() { run(t, "podman", "rm", "--force", "--time", "0", name) })
	return name
}

// newNamespaces starts a process in namespaces of its own and returns its number.
func newNamespaces(t testing.TB) string {
	t.Helper()
	cmd := exec.Command("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "echo up; exec sleep 1000000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	child, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(child))
}

// sshPrefix leads to an account on an sshd by the OpenSSH client. Connections are
// shared, as people do that want it fast.
func sshPrefix(t testing.TB, s *rig.SSHD, user string, options ...string) string {
	t.Helper()
	return fmt.Sprintf("ssh -F none -p %s -i %s -o UserKnownHostsFile=%s -o IdentitiesOnly=yes %s %s@%s",
		s.Port, s.Identity, s.KnownHosts, strings.Join(options, " "), user, s.Host)
}

// shared are options of ssh that run all sessions over one connection.
func shared(t testing.TB) []string {
	socket := filepath.Join(t.TempDir(), "c")
	t.Cleanup(func() { _ = exec.Command("ssh", "-S", socket, "-O", "exit", "x").Run() })
	return []string{"-o ControlMaster=auto", "-o ControlPath=" + socket, "-o ControlPersist=600"}
}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*d)
	t.Cleanup(cancel)
	return ctx
}
