package loop_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/loop"
)

// What holds in the container that was converged, but not in a fresh one of the image, is
// not promoted, and nothing is left of the attempt.
func TestPromote_OnlyWhatHolds(t *testing.T) {
	image := variant(t, box(t), "VOLUME /data")
	daemon := check{subject: `Process "sleep"`, script: `kill -0 "$(cat /srv/pid)"`}
	labelled := daemon
	labelled.labels = []string{"running"}
	const start = `[ -e /srv/pid ] && kill -0 $(cat /srv/pid) || { setsid sleep 31536012 >/dev/null 2>&1 & echo $! >/srv/pid; }; echo x >/data/app.conf`
	for name, c := range map[string]struct {
		script, ignore string
		specs          []check
		stage          loop.Stage
		outcome        loop.Outcome
		words          []string
	}{
		"what no image takes along": {"echo x >/data/app.conf; grep -q db1 /etc/hosts || echo 10.0.0.1 db1 >>/etc/hosts", "", []check{file("/data/app.conf")},
			loop.Promote, loop.Failed, []string{"volume /data", "file /data/app.conf  (absent) -> file", "the engine's own /etc/hosts"}},
		"what the second converge breaks": {"mkdir -p /var/cache; [ ! -e /var/cache/x ] && echo >/var/cache/x || rm /var/cache/x", "", []check{file("/var/cache/x")},
			loop.Idempotent, loop.Failed, []string{"after the second converge", `failed: File "/var/cache/x"`}},
		"what runs": {start, "/data/**", []check{file("/srv/pid"), file("/data/app.conf"), daemon},
			loop.Promote, loop.Failed, []string{"fresh container of the image", `failed: Process "sleep"`, `failed: File "/data/app.conf"`, `Label("running")`}},
		"what nobody minds": {start, "/data/**", []check{file("/srv/pid"), labelled},
			loop.Promote, loop.Held, []string{`not asked of the image, by Label("running"): Process "sleep"`, "not in the image, and ignored: file /data/app.conf"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tag := rig.OwnName(t, "hostspec-test/only") + ":1"
			suite := &loop.Suite{Image: image, Converge: sh(c.script), Promote: tag}
			if c.ignore != "" {
				suite.Ignore = []string{c.ignore}
			}
			goWith(t.Context(), t, suite, loop.Options{}, checks(t, c.specs...), nil).wants(t, c.stage, c.outcome, c.words...)
			promoted := exec.Command("docker", "image", "inspect", tag).Run() == nil
			if promoted {
				rig.Docker(t, "rmi", tag)
			}
			if promoted != (c.outcome == loop.Held) {
				t.Errorf("promoted: %v", promoted)
			}
		})
	}
	t.Cleanup(func() {
		wantNoContainerOf(t, image)
		wantNoPassingImage(t)
	})
}

// wantNoPassingImage wants that no image is left which was made on the way.
func wantNoPassingImage(t testing.TB) {
	t.Helper()
	if left := rig.Docker(t, "images", "--quiet", "--filter", "reference=hostspec-of-*"); left != "" {
		t.Errorf("images are left: %s", left)
	}
}

// Whoever ends it while the image is asked leaves neither the image nor its container.
func TestPromote_Interrupted(t *testing.T) {
	image := box(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	specs := checks(t, file("/srv/page"))
	suite := &loop.Suite{Image: image, Converge: sh("echo x >/srv/page"), Promote: "hostspec-test/never:5"}
	g := goWith(ctx, t, suite, loop.Options{}, func(ctx context.Context, stage loop.Stage, target string) loop.SpecRun {
		if stage == loop.Promote {
			cancel()
		}
		return specs(ctx, stage, target)
	}, nil)
	g.wants(t, loop.Promote, loop.Broken, "interrupted")
	wantNoContainerOf(t, image)
	wantNoPassingImage(t)
	if exec.Command("docker", "image", "inspect", suite.Promote).Run() == nil {
		t.Error("it was promoted")
	}
}
