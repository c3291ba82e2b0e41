package docker

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/sandbox"
)

// passing makes a draft and takes it away.
func passing(t *testing.T, image string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := NewDraft(ctx, sandbox.Options{Image: image})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// What a killed process has left is told by its name, and taken away by the next one.
func TestDraft_OfADeadProcessIsSwept(t *testing.T) {
	image := rig.Image(t)
	dead := exec.Command("sleep", "1000")
	if err := dead.Start(); err != nil {
		t.Fatal(err)
	}
	self, err := thisProcess()
	if err != nil {
		t.Fatal(err)
	}
	of := self
	of.pid = dead.Process.Pid
	if of.started, err = startTime(of.pid); err != nil {
		t.Fatal(err)
	}
	left := rig.MakeContainer(t, "--name", of.name(), image, "true")
	elsewhere := of
	elsewhere.host = "0123456789ab"
	other := rig.MakeContainer(t, "--name", elsewhere.name(), image, "true")
	// An image on its way to be promoted has such a name, too; only the name goes where
	// another one is left.
	passed, othersImage := of.name(), elsewhere.name()
	for _, name := range []string{passed, othersImage} {
		rig.Docker(t, "tag", image, name)
	}
	t.Cleanup(func() { rig.Docker(t, "rmi", othersImage) })
	named := func(name string) bool { return rig.Docker(t, "images", "--quiet", name) != "" }
	exists := func(id string) bool {
		return strings.Contains(rig.Docker(t, "ps", "--all", "--quiet", "--no-trunc"), id)
	}
	passing(t, image)
	if !exists(left) {
		t.Error("a draft of a living process was swept")
	}
	if !named(passed) {
		t.Error("an image of a living process was swept")
	}
	_ = dead.Process.Kill() // it may have ended
	_ = dead.Wait()
	passing(t, image)
	if exists(left) {
		t.Error("a draft of a dead process stays")
	}
	if named(passed) {
		t.Error("an image of a dead process stays")
	}
	if !named(othersImage) || !named(image) {
		t.Error("an image of another host was swept")
	}
	if !exists(other) {
		t.Error("a draft of another host was swept")
	}
}
