package examples

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// TestExampleNginx runs every command of the example's README. Nothing is pulled or
// installed for it: the Debian to start from is the test image, in which nginx is, so
// of converge.sh the line that calls apt-get does not run here.
func TestExampleNginx(t *testing.T) {
	dir, err := filepath.Abs(top + "/examples/nginx")
	if err != nil {
		t.Fatal(err)
	}
	shop := rig.OwnName(t, "hostspec-test-shop")
	// A base of its own keeps its layers apart from those of a run beside it.
	base := shop + ":base"
	hostspectest.Docker(t, "FROM "+rig.Image(t)+"\nLABEL hostspec-test.shop="+shop+"\n", "build", "--quiet", "--tag", base, "-")
	env := append(readmeEnvironment(t), "SHOP="+shop, "BASE="+base)
	t.Cleanup(func() { removeShop(t, shop, base, dir) })
	runSteps(t, dir, "README.md", 10, sshByConfig(t, env))
}

// removeShop removes what the README has made of the container and the images. The
// stage that they pick from has no name until it is built again, which is done by now.
func removeShop(t *testing.T, shop, base, dir string) {
	t.Helper()
	engine := func(args ...string) error {
		return exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...).Run()
	}
	_ = engine("rm", "--force", shop)
	if engine("image", "inspect", shop+":distroless") == nil {
		_ = engine("build", "--build-arg", "BASE="+base, "--target", "picked", "--tag", shop+":picked", dir)
	}
	for _, tag := range []string{":latest", ":distroless", ":picked", ":base"} {
		_ = engine("rmi", "--force", shop+tag)
	}
}

// sshByConfig puts an ssh before OpenSSH's own that knows the hosts of
// HOSTSPEC_SSH_CONFIG: its own files are those of the account, whatever HOME says.
func sshByConfig(t *testing.T, env []string) []string {
	t.Helper()
	client, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s -F \"$HOSTSPEC_SSH_CONFIG\" \"$@\"\n", client)
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, v := range env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			env[i] = "PATH=" + dir + ":" + path
		}
	}
	return env
}
