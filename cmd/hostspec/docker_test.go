package main_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// variant makes an image of the test image's that only this test uses.
func variant(t *testing.T, change string) string {
	t.Helper()
	name := "hostspec-test/" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	docker(t, "FROM "+rig.Image(t)+"\n"+change+"\n", "build", "--quiet", "--tag", name, "-")
	t.Cleanup(func() { docker(t, "", "rmi", "--force", name) })
	return name
}

func docker(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

func wantNoContainerOf(t *testing.T, image string) {
	t.Helper()
	if left := docker(t, "", "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
		t.Errorf("containers of %s are left: %s", image, left)
	}
}

func TestPackagesShareTheContainerOfAnImage(t *testing.T) {
	image := variant(t, "ENV A=b")
	a := hostspec(t, "run", "--target", "docker-image://"+image, "./testdata/container/one", "./testdata/container/two").run()
	a.wants(t, 0, "one on docker-image://"+image, "two on docker-image://"+image, "2 specs: 2 passed, 0 failed, 0 could not tell, 0 skipped")
	wantNoContainerOf(t, image)
}

func TestImageThatEndsAtOnce(t *testing.T) {
	image := variant(t, `CMD ["sh", "-c", "echo no licence; exit 9"]`)
	a := hostspec(t, "run", "--target", "docker-image://"+image, "./testdata/container/two").run()
	a.wants(t, 3, "docker-image://"+image+" is UNREACHABLE: run its command (sh -c echo no licence; exit 9): it ended at once: exit 9", "no licence")
	wantNoContainerOf(t, image)
}

func TestInterruptedRunRemovesItsContainer(t *testing.T) {
	image := variant(t, "ENV A=b")
	s := startSlow(t, "HOSTSPEC_TARGET=docker-image://"+image)
	if docker(t, "", "ps", "--quiet", "--filter", "ancestor="+image) == "" {
		t.Error("expected a container to run")
	}
	s.signal(os.Interrupt)
	s.wait().wants(t, 130, "1 passed")
	wantNoContainerOf(t, image)
}
