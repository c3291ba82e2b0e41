package main_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestExampleNginx runs every command of the example's README. Nothing is pulled or
// installed for it: the Debian to start from is the test image, in which nginx is, so
// of converge.sh the line that calls apt-get does not run here.
func TestExampleNginx(t *testing.T) {
	dir, err := filepath.Abs("../../examples/nginx")
	if err != nil {
		t.Fatal(err)
	}
	shop := "hostspec-test-shop-" + strings.ToLower(rand.Text())
	env := append(readmeEnvironment(t), "SHOP="+shop, "BASE="+rig.Image(t))
	t.Cleanup(func() {
		for _, args := range [][]string{{"rm", "--force", shop}, {"rmi", "--force", shop, shop + ":distroless"}} {
			_ = exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...).Run()
		}
	})
	runSteps(t, dir, "README.md", 10, sshByConfig(t, env))
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
