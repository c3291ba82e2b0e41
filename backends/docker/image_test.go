package docker_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/docker"
)

// containersOf are the IDs of the containers that were made from an image.
func containersOf(t testing.TB, image string) []string {
	t.Helper()
	return strings.Fields(engine(t, "ps", "--all", "--quiet", "--no-trunc", "--filter", "ancestor="+image))
}

func wantNoneLeft(t testing.TB, image string) {
	t.Helper()
	if left := containersOf(t, image); len(left) > 0 {
		t.Errorf("expected no container of %s to be left, found %q", image, left)
	}
}

func TestImageWithoutACommand(t *testing.T) {
	for name, changes := range map[string][]string{
		"none": nil, "a shell": {`CMD ["/bin/sh"]`}, "a shell and a flag": {`ENTRYPOINT ["sh", "-l"]`},
	} {
		t.Run(name, func(t *testing.T) {
			image := busybox(t, append(changes, "ENV STAGE=image", "WORKDIR /tmp")...)
			b := mustOpen(t, "docker-image://"+image+"?env=STAGE=mine&env=MORE=a+b")
			if got, want := output(t, b, "sh", "-c", `echo "$STAGE $MORE $(pwd)"`), "mine a b /tmp\n"; got != want {
				t.Errorf("expected %q, found %q", want, got)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			wantNoneLeft(t, image)
		})
	}
}

func TestImageRunsItsOwnCommand(t *testing.T) {
	image := busybox(t, `CMD ["sh", "-c", "echo up >/tmp/up; exec sleep 1000"]`)
	b := mustOpen(t, "docker-image://"+image)
	if got := output(t, b, "cat", "/tmp/up", "/proc/1/cmdline"); got != "up\nsleep\x001000\x00" {
		t.Errorf("found %q", got)
	}
}

func TestImageRunsTheCommandOfTheURI(t *testing.T) {
	image := busybox(t, `ENTRYPOINT ["false"]`)
	b := mustOpen(t, "docker-image://"+image+"?entrypoint="+url.QueryEscape(`sh -c 'echo "two words" >/tmp/up; exec sleep 1000'`))
	if got := output(t, b, "cat", "/tmp/up"); got != "two words\n" {
		t.Errorf("found %q", got)
	}
}

func TestImageMounts(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	image := busybox(t)
	b := mustOpen(t, "docker-image://"+image+"?mount="+dir+":/ro:ro&mount="+dir+":/rw")
	if got := output(t, b, "sh", "-c", `cat /ro/file; touch /ro/x 2>/dev/null || echo " refused"; touch /rw/y`); got != "mine refused\n" {
		t.Errorf("found %q", got)
	}
	_ = b.Close()
	text := unreachableText(t, "docker-image://"+image+"?mount="+dir+"/missing:/x")
	wantText(t, text, dir+"/missing")
	wantNoneLeft(t, image)
}

func TestImageWithoutAShellIsNotStarted(t *testing.T) {
	image := makeImage(t, []file{{name: "etc/", mode: 0o755}, {name: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0::/:/none\n")}})
	b := mustOpen(t, "docker-image://"+image)
	wantLimited(t, b, "no shell in this container")
	if state := engine(t, "inspect", "--format", "{{.State.Status}}", containersOf(t, image)[0]); state != "created" {
		t.Errorf("expected the container not to be started, it is %s", state)
	}
	_ = b.Close()
	wantNoneLeft(t, image)
}

func wantLimited(t testing.TB, b backends.Backend, reason string) {
	t.Helper()
	l, ok := b.(backends.Limited)
	if !ok || l.NoProcess() == nil || l.NoProcess().Error() != reason {
		t.Fatalf("expected that no process can be started: %q, found %T", reason, b)
	}
	if _, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}}); err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("expected Start to say %q, found %v", reason, err)
	}
}

func TestImageWhoseCommandEndsAtOnce(t *testing.T) {
	image := busybox(t, `CMD ["sh", "-c", "echo cannot find my configuration; exit 3"]`)
	text := unreachableText(t, "docker-image://"+image)
	wantText(t, text, "cannot find my configuration", "it ended at once: exit 3", "run its command (sh -c")
	wantNoneLeft(t, image)
}

func TestImageThatCannotBeStarted(t *testing.T) {
	image := busybox(t, `CMD ["/no/such/program"]`)
	text := unreachableText(t, "docker-image://"+image)
	wantText(t, text, "start a container", "/no/such/program")
	wantNoneLeft(t, image)
}

func TestNoSuchImage(t *testing.T) {
	text := unreachableText(t, "docker-image://hostspec-test/no-such-image:9")
	wantText(t, text, "docker-image://hostspec-test/no-such-image:9 is UNREACHABLE", "nothing is pulled unasked", "\ndocker pull hostspec-test/no-such-image:9")
}

func TestImageWithAHealthCheck(t *testing.T) {
	image := busybox(t, `CMD ["sh", "-c", "sleep 1; touch /tmp/ready; exec sleep 1000"]`, `HEALTHCHECK CMD test -e /tmp/ready`)
	b := mustOpen(t, "docker-image://"+image)
	output(t, b, "test", "-e", "/tmp/ready")
}

func TestImageThatIsNeverHealthy(t *testing.T) {
	image := busybox(t, `CMD ["sleep", "1000"]`, `HEALTHCHECK CMD echo no answer from port 80; exit 1`)
	text := unreachableText(t, "docker-image://"+image+"?connect_timeout=3s")
	wantText(t, text, "wait for its health check", "no answer within 3s", "exit 1", "no answer from port 80", "connect_timeout=2m waits longer")
	wantNoneLeft(t, image)
}

func TestImageBootsSystemd(t *testing.T) {
	b := mustOpen(t, "docker-image://"+rig.Image(t)+"?boot=systemd")
	out := output(t, b, "sh", "-c", "cat /proc/1/comm; systemctl is-active nginx; systemctl is-system-running || :")
	if out != "systemd\nactive\ndegraded\n" && out != "systemd\nactive\nrunning\n" {
		t.Errorf("found %q", out)
	}
}

func TestImageWithoutSystemd(t *testing.T) {
	image := busybox(t)
	text := unreachableText(t, "docker-image://"+image+"?boot=systemd")
	wantText(t, text, "boot systemd", "the image has no systemd", "systemd-sysv")
	wantNoneLeft(t, image)
}

func TestContainerOfAnImageDies(t *testing.T) {
	image := busybox(t, `CMD ["sh", "-c", "echo out of coffee; exec sleep 1000"]`)
	b := mustOpen(t, "docker-image://"+image)
	engine(t, "kill", containersOf(t, image)[0])
	if _, err := b.Start(t.Context(), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrLost) || !strings.Contains(err.Error(), "out of coffee") {
		t.Errorf("expected ErrLost and the container's last words, found %v", err)
	}
	_ = b.Close()
	wantNoneLeft(t, image)
	// Another container would be another target.
	if _, err := backends.Open(backends.Reconnect(within(t, time.Minute)), "docker-image://"+image); err == nil {
		t.Error("expected no other container to be made, one was")
	}
	wantNoneLeft(t, image)
}

func TestLaunchedContainerIsSharedByItsText(t *testing.T) {
	image := busybox(t)
	text := "docker-image://" + image + "?env=A=b"
	u, err := backends.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := docker.Launch(within(t, time.Minute), u)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	name, value, _ := strings.Cut(c.Environ(), "=")
	t.Setenv(name, value)
	for range 2 {
		b := mustOpen(t, text)
		output(t, b, "sh", "-c", "echo x >>/tmp/seen")
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	b := mustOpen(t, text)
	if got := output(t, b, "sh", "-c", `echo $A; cat /tmp/seen`); got != "b\nx\nx\n" {
		t.Errorf("found %q", got)
	}
	other := mustOpen(t, "docker-image://"+image)
	if got := len(containersOf(t, image)); got != 2 {
		t.Errorf("expected other options to make another container, found %d", got)
	}
	_ = other.Close()
	engine(t, "kill", c.ID())
	wantText(t, unreachableText(t, text), "the container made for this run", "it has ended (exit 137)")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wantNoneLeft(t, image)
}

func TestSchemes(t *testing.T) {
	for _, text := range []string{
		"docker://web", "docker://www-data@web", "docker://1000:1000@web?timeout=1s", "docker://0a1b2c3d", "docker-image://debian:12",
		"docker-image://registry.example:5000/a/b@sha256:0123456789012345678901234567890123456789012345678901234567890123",
		"docker-image://debian:12?boot=systemd&env=A=b=c&mount=/a:/b:ro&mount=data:/var/lib", "docker-image://x?entrypoint=sleep+9",
	} {
		if _, err := backends.Parse(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"docker://":                                "it names no container; write docker://NAME",
		"docker:web":                               "write docker://web",
		"docker://@web":                            "no user stands before the @",
		"docker://debian:12":                       "for an image write docker-image://debian:12",
		"docker://web?sud=true":                    `unknown option "sud"; known: sudo, sudo_user, connect_timeout, timeout`,
		"docker://web?timeout=5s&sudo":             "write sudo=VALUE",
		"docker://web?x y":                         "options that exist: sudo, ",
		"docker://web?boot=systemd":                `option "boot" is for containers that are made from an image; did you mean docker-image://?`,
		"docker://we b":                            "is not a valid container name",
		"docker-image://":                          "it names no image",
		"docker-image://Debian":                    "is not a valid image name",
		"docker-image://debian?boot=openrc":        "option boot=openrc: want systemd; another init system is started by entrypoint=/sbin/init",
		"docker-image://debian?boot=systemd&bot=1": `unknown option "bot"; known: boot, env, mount, entrypoint, sudo, `,
		"docker-image://debian?env=A":              "want env=NAME=VALUE",
		"docker-image://debian?mount=a":            "want SRC:DST or SRC:DST:ro",
		"docker-image://debian?mount=./a:/b":       "want SRC absolute",
		"docker-image://debian?entrypoint=%27a":    "option entrypoint='a",
	} {
		if _, err := backends.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected %q, found %v", text, want, err)
		}
	}
}
