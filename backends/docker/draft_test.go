package docker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/backends/sandbox"
)

func draft(t *testing.T, o sandbox.Options) *docker.Draft {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := docker.NewDraft(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// What a draft is run with is no part of the image that becomes of it.
func TestDraft_CommitKeepsTheConfigurationOfItsImage(t *testing.T) {
	image := busybox(t, "ENV A=b", "WORKDIR /tmp", "USER 65534", `ENTRYPOINT ["cat"]`, `CMD ["/tmp/note"]`, "LABEL own=kept", "HEALTHCHECK CMD true")
	d := draft(t, sandbox.Options{Image: image})
	rig.Docker(t, "exec", d.ID(), "sh", "-c", "echo tested >/tmp/note")
	tag := rig.OwnName(t, "hostspec-test/draft-commit") + ":1"
	c, err := d.Commit(t.Context(), map[string]string{"hostspec.suite": "web"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id := c.ID()
	if rig.Docker(t, "images", "--quiet", tag) != "" {
		t.Error("it is tagged before anybody has looked at it")
	}
	fresh, instead, err := c.Run(t.Context())
	if err != nil || instead == nil {
		t.Fatalf("%v; its command ends at once: %v", err, instead)
	}
	if got := rig.Docker(t, "exec", fresh.ID(), "cat", "/tmp/note"); got != "tested\n" {
		t.Errorf("in a container of the image is %q", got)
	}
	if err := errors.Join(fresh.Close(), c.Tag(t.Context(), tag, false), c.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", tag, id) }) // the tag is taken over below
	if got := rig.Docker(t, "image", "inspect", "--format", "{{.RepoTags}}", id); got != "["+tag+"]\n" {
		t.Errorf("its names are %s", got)
	}
	const format = "{{json .Config.Env}}{{.Config.WorkingDir}}{{.Config.User}}{{json .Config.Entrypoint}}{{json .Config.Cmd}}{{json .Config.Healthcheck.Test}}"
	want := rig.Docker(t, "image", "inspect", "--format", format, image)
	if got := rig.Docker(t, "image", "inspect", "--format", format, id); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got := rig.Docker(t, "image", "inspect", "--format", "{{json .Config.Labels}}", id); got != `{"hostspec.suite":"web","own":"kept"}`+"\n" {
		t.Error(got)
	}
	if got := rig.Docker(t, "run", "--rm", tag); got != "tested\n" {
		t.Errorf("it prints %q", got)
	}
	dropped, err := d.Commit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dropped.Close(), dropped.Close()); err != nil {
		t.Error(err)
	}
	if left := rig.Docker(t, "images", "--all", "--quiet", "--no-trunc"); strings.Contains(left, dropped.ID()) {
		t.Error("an image that was not tagged stays")
	}
	if _, err := d.Tag(t.Context(), tag, false); !errors.Is(err, sandbox.ErrTagInUse) {
		t.Errorf("a tag in use was taken over: %v", err)
	}
	if got, err := d.Tag(t.Context(), tag, true); err != nil || got != d.ImageID() {
		t.Errorf("%s, %v; want %s", got, err, d.ImageID())
	}
}

func TestDraft_IsUsedAgain(t *testing.T) {
	image := busybox(t)
	name := rig.OwnName(t, "hostspec-test-draft")
	o := sandbox.Options{Image: image, Name: name}
	if _, err := docker.ReuseDraft(t.Context(), o); !errors.Is(err, sandbox.ErrNotFound) {
		t.Fatalf("%v, want %v", err, sandbox.ErrNotFound)
	}
	first := draft(t, o)
	rig.Docker(t, "exec", first.ID(), "touch", "/tmp/here")
	rig.Docker(t, "stop", first.ID())
	again, err := docker.ReuseDraft(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Leave()
	if again.ID() != first.ID() {
		t.Errorf("%s, want %s", again.ID(), first.ID())
	}
	rig.Docker(t, "exec", again.ID(), "ls", "/tmp/here")
}
