package docker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/docker"
)

func draft(t *testing.T, o docker.DraftOptions) *docker.Draft {
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
	d := draft(t, docker.DraftOptions{Image: image})
	rig.Docker(t, "exec", d.ID(), "sh", "-c", "echo tested >/tmp/note")
	tag := "hostspec-test/draft-commit:" + strings.ToLower(fmt.Sprint(os.Getpid()))
	id, err := d.Commit(t.Context(), tag, map[string]string{"hostspec.suite": "web"}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", tag) })
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
	if _, err := d.Commit(t.Context(), tag, nil, false); !errors.Is(err, docker.ErrTagInUse) {
		t.Errorf("a tag in use was taken over: %v", err)
	}
	if _, err := d.Tag(t.Context(), tag, false); !errors.Is(err, docker.ErrTagInUse) {
		t.Errorf("a tag in use was taken over: %v", err)
	}
	if got, err := d.Tag(t.Context(), tag, true); err != nil || got != d.ImageID() {
		t.Errorf("%s, %v; want %s", got, err, d.ImageID())
	}
}

func TestDraft_IsUsedAgain(t *testing.T) {
	image := busybox(t)
	name := "hostspec-test-draft-" + fmt.Sprint(os.Getpid())
	o := docker.DraftOptions{Image: image, Name: name}
	if _, err := docker.ReuseDraft(t.Context(), o); !errors.Is(err, docker.ErrNoDraft) {
		t.Fatalf("%v, want %v", err, docker.ErrNoDraft)
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
