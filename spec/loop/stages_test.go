package loop_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/loop"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/target"
)

func TestCreate_SaysWhatIsMissing(t *testing.T) {
	g := goThrough(t, &loop.Suite{Image: "hostspec-test/no-such-image:1", Converge: sh("true")}, loop.Options{}, checks(t, file("/x")))
	g.wants(t, loop.Create, loop.Broken, "docker pull hostspec-test/no-such-image:1")
	g.wants(t, loop.Red, loop.Skipped, "create was broken")
	g = goThrough(t, &loop.Suite{Image: box(t), Systemd: true, Converge: sh("true")}, loop.Options{}, checks(t, file("/x")))
	g.wants(t, loop.Create, loop.Broken, "the image has no systemd")
}

func TestRed_TellsVacuousSpecs(t *testing.T) {
	image := box(t)
	specs := checks(t, file("/srv/page"), file("/bin/sh"), check{subject: "File \"/bin/cat\"", script: "test -e /bin/cat", labels: []string{"guard"}})
	suite := &loop.Suite{Image: image, Converge: sh("echo hello >/srv/page")}
	g := goThrough(t, suite, loop.Options{}, specs)
	g.wants(t, loop.Red, loop.Warned, "3 specs: 2 passed, 1 failed; 1 vacuous", `vacuous: File "/bin/sh" (web_test.go:2)`)
	g.wants(t, loop.Covered, loop.Held, "1 of 1 changes")
	if g.Outcome() != loop.Warned {
		t.Error(g.Outcome())
	}
	goThrough(t, suite, loop.Options{Strict: true}, specs).wants(t, loop.Red, loop.Failed)
	goThrough(t, suite, loop.Options{}, checks(t)).wants(t, loop.Red, loop.Broken, "nothing was tested")
}

// What converge does wrong is told by the stage, and leaves nothing behind.
func TestConverge_ThatFails(t *testing.T) {
	image := box(t)
	for name, c := range map[string]struct {
		run   loop.Converge
		words []string
	}{
		"an exit code":      {loop.Converge{Run: "echo out of luck >&2; exit 7"}, []string{"converge failed: echo out of luck", "exit 7", "out of luck"}},
		"not accepted":      {loop.Converge{Run: "true", Accept: []int{2}}, []string{"exit 0"}},
		"it hangs":          {loop.Converge{Run: "sleep 31536007 & sleep 31536007", Timeout: 5 * time.Second}, []string{"did not end within 5s", "killed", "the container runs"}},
		"it ends the box":   {loop.Converge{Run: "kill -TERM 1; sleep 60"}, []string{"the container has ended"}},
		"it asks something": {loop.Converge{Run: "read answer || { echo no answer; exit 5; }"}, []string{"exit 5", "no answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := goThrough(t, &loop.Suite{Image: image, Converge: []loop.Converge{c.run}, Promote: "hostspec-test/never:1"}, loop.Options{}, checks(t, file("/srv/page")))
			g.wants(t, loop.Converged, loop.Broken, c.words...)
			g.wants(t, loop.Green, loop.Skipped, "converge was broken")
			g.wants(t, loop.Promote, loop.Skipped)
		})
	}
}

func TestConverge_RunsWhatTheSuiteSays(t *testing.T) {
	g := NewWithT(t)
	here := filepath.Join(t.TempDir(), "here")
	suite := &loop.Suite{
		Image: box(t), Env: []loop.Variable{{Name: "STAGE", Value: "test one"}},
		Converge: []loop.Converge{
			{Run: `echo "$STAGE" >/srv/stage; echo x >>/srv/passes; echo to stdout; echo to stderr >&2; exit 4`, Accept: []int{4}, Passes: 3},
			{Run: `echo "$STAGE $HOSTSPEC_TARGET" >` + here + `; docker exec "$HOSTSPEC_CONTAINER" touch /srv/outside`, Here: true},
		},
		Ignore: []string{"/srv/passes"},
	}
	ran := goThrough(t, suite, loop.Options{}, checks(t, file("/srv/stage"), file("/srv/outside"),
		check{subject: `File "/srv/passes"`, script: `n=$(grep -c x /srv/passes); [ $n = 3 ] || [ $n = 6 ] # after the second converge`}))
	ran.wants(t, loop.Converged, loop.Held, "exit 4")
	ran.wants(t, loop.Green, loop.Held, "3 passed")
	ran.wants(t, loop.Idempotent, loop.Held)
	g.Expect(ran.output).To(And(ContainSubstring("to stdout\n"), ContainSubstring("to stderr\n")))
	said, err := os.ReadFile(here)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(said)).To(Equal("test one " + ran.Target + "\n"))
}

func TestConverge_WarnsOfDaemons(t *testing.T) {
	g := goThrough(t, &loop.Suite{Image: box(t), Converge: sh("setsid sleep 31536011 >/dev/null 2>&1 & echo x >/srv/page")}, loop.Options{}, checks(t, file("/srv/page")))
	g.wants(t, loop.Converged, loop.Warned, "still runs", "sleep 31536011")
	g.wants(t, loop.Green, loop.Held)
}

// What a failed stage tells of a spec is what was found and why it could not be told, and
// not where and how it was asked.
func TestGreen_KeepsTheReason(t *testing.T) {
	const failed = `File "/srv/page" should have content "a"
  because  sh: 1: cat: not found
  found    one
           two
  near     it begins:
           three
  target   docker://1
  asked    cat /srv/page                  exit 1, 2 ms
  stderr   cat: no such
           file`
	const authors = "Expected\n    <int>: 1\nto equal\n    <int>: 2"
	specs := func(_ context.Context, stage loop.Stage, _ string) loop.SpecRun {
		if stage == loop.Red {
			return loop.SpecRun{Results: []report.Result{{Outcome: report.Failed}}}
		}
		return loop.SpecRun{Results: []report.Result{{Text: "one", Outcome: report.Failed, Message: failed}, {Text: "two", Outcome: report.Failed, Message: authors}}}
	}
	g := goThrough(t, &loop.Suite{Image: box(t), Converge: sh("true")}, loop.Options{}, specs)
	NewWithT(t).Expect(g.stage(t, loop.Green).Details).To(Equal([]string{
		"failed: one (:0)\n    because  sh: 1: cat: not found\n    found    one\n             two\n    near     it begins:\n             three\n" +
			"    stderr   cat: no such\n             file",
		"failed: two (:0)\n    Expected\n        <int>: 1\n    to equal\n        <int>: 2",
	}))
}

func TestGreen_TellsWhatIsWrong(t *testing.T) {
	image := box(t)
	suite := &loop.Suite{Image: image, Converge: sh("echo x >/srv/page"), Promote: "hostspec-test/never:2"}
	g := goThrough(t, suite, loop.Options{}, checks(t, file("/srv/page"), file("/srv/other")))
	g.wants(t, loop.Green, loop.Failed, `failed: File "/srv/other" (web_test.go:2)`)
	g.wants(t, loop.Promote, loop.Skipped)
	g = goThrough(t, suite, loop.Options{}, checks(t, file("/srv/page"), check{subject: "File \"/z\"", script: "exit 3"}))
	g.wants(t, loop.Green, loop.Broken, "could not tell")
}

// What differs after a second converge is told, and what is noise is not.
func TestIdempotent(t *testing.T) {
	image := box(t, rig.File{Name: "/etc/motd", Content: "hello\n"})
	specs := checks(t, file("/srv/page"))
	page := "echo hello >/srv/page; "
	for name, c := range map[string]struct {
		script, ignore string
		outcome        loop.Outcome
		words          string
	}{
		"nothing":            {page, "", loop.Held, "nothing differs"},
		"a time stamp":       {page + "date +%s%N >/srv/stamp; sleep 0.01; readlink /proc/self >>/srv/stamp", "", loop.Failed, "file /srv/stamp  content"},
		"ignored":            {page + "readlink /proc/self >/srv/stamp", "/srv/stamp", loop.Held, "nothing differs"},
		"a mode":             {page + "if [ -e /srv/m ]; then chmod 600 /srv/m; else touch /srv/m; fi", "", loop.Failed, "file /srv/m  mode 0644 -> 0600"},
		"restored mtime":     {"[ -e /srv/page ] && echo HELLO >/srv/page || echo hello >/srv/page; touch -d '2020-01-01 00:00:00' /srv/page", "", loop.Failed, "content, of the same size"},
		"a file comes later": {"[ -e /srv/page ] && echo x >/srv/late; " + page, "", loop.Failed, "file /srv/late  (absent) -> file"},
		"the image's own":    {"[ -e /srv/page ] && echo more >>/etc/motd; " + page, "", loop.Failed, "file /etc/motd  content"},
	} {
		t.Run(name, func(t *testing.T) {
			suite := &loop.Suite{Image: image, Converge: sh(c.script)}
			if c.ignore != "" {
				suite.Ignore = []string{c.ignore}
			}
			goThrough(t, suite, loop.Options{}, specs).wants(t, loop.Idempotent, c.outcome, c.words)
		})
	}
}

func TestCovered_AsksForEnough(t *testing.T) {
	suite := &loop.Suite{Image: box(t), Converge: sh("echo x >/srv/a; echo y >/srv/b; mkdir -p /srv/c; echo z >/srv/c/d")}
	specs := checks(t, file("/srv/a"))
	g := goThrough(t, suite, loop.Options{MinCoverage: 25}, specs)
	g.wants(t, loop.Covered, loop.Warned, "1 of 4 changes", "no spec looks at file /srv/b", `File("/srv/b").Should(BeFile(), HaveMode(0o644), BeOwnedBy("root"), BeGroupedInto("root"), HaveSHA256("`)
	goThrough(t, suite, loop.Options{MinCoverage: 26}, specs).wants(t, loop.Covered, loop.Failed, "25 %", "26 %")
}

func TestPromote_TagsWhatWasTested(t *testing.T) {
	g := NewWithT(t)
	image := variant(t, box(t), `ENV A=b
RUN ["/bin/chmod", "777", "/srv"]
USER 12:13
WORKDIR /srv
LABEL own=kept
ENTRYPOINT ["/bin/cat"]
CMD ["/srv/page"]
EXPOSE 8080`)
	tag := rig.OwnName(t, "hostspec-test/promoted") + ":1"
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", tag) })
	suite := &loop.Suite{Image: image, Env: []loop.Variable{{Name: "LEAKS", Value: "no"}}, Converge: sh("echo tested >/srv/page"), Promote: tag}
	ran := goThrough(t, suite, loop.Options{}, checks(t, file("/srv/page")))
	ran.wants(t, loop.Promote, loop.Held, tag+" is sha256:")
	g.Expect(ran.Image).To(HavePrefix("sha256:"))
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", ran.Image) }) // the tag is taken over below
	show := func(format string) string {
		return strings.TrimSpace(rig.Docker(t, "image", "inspect", "--format", format, tag))
	}
	g.Expect(show("{{.Id}}")).To(Equal(ran.Image))
	g.Expect(show("{{json .Config.Entrypoint}}{{json .Config.Cmd}}{{.Config.User}}{{.Config.WorkingDir}}{{json .Config.Env}}{{json .Config.ExposedPorts}}")).
		To(Equal(strings.TrimSpace(rig.Docker(t, "image", "inspect", "--format", "{{json .Config.Entrypoint}}{{json .Config.Cmd}}{{.Config.User}}{{.Config.WorkingDir}}{{json .Config.Env}}{{json .Config.ExposedPorts}}", image))))
	labels := show("{{json .Config.Labels}}")
	for _, want := range []string{`"own":"kept"`, `"hostspec.suite":"web"`, `"hostspec.specs":"1 spec: 1 passed"`, `"hostspec.coverage":"1 of 1 changes"`, `"hostspec.time":"20`} {
		g.Expect(labels).To(ContainSubstring(want))
	}
	g.Expect(rig.Docker(t, "run", "--rm", tag)).To(Equal("tested\n"))
	again := goThrough(t, suite, loop.Options{}, checks(t, file("/srv/page")))
	again.wants(t, loop.Promote, loop.Broken, "the tag is in use", "--force")
	g.Expect(show("{{.Id}}")).To(Equal(ran.Image), "the tag was taken over")
	goThrough(t, suite, loop.Options{Force: true}, checks(t, file("/srv/page"))).wants(t, loop.Promote, loop.Held)
	suite.Converge = sh("readlink /proc/self >/srv/page")
	goThrough(t, suite, loop.Options{Force: true}, checks(t, file("/srv/page"))).wants(t, loop.Promote, loop.Skipped, "not promoted: idempotent failed")
}

func TestLiveTarget_OnlyWithLeave(t *testing.T) {
	id := rig.MakeContainer(t, box(t), "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done")
	rig.Docker(t, "start", id)
	suite := &loop.Suite{Target: "docker://" + id, Converge: sh("mkdir -p /etc/x; echo x >/etc/x/page"), Promote: "hostspec-test/never:3"}
	specs := checks(t, file("/etc/x/page"))
	goThrough(t, suite, loop.Options{}, specs).wants(t, loop.Create, loop.Broken, "--on-live-target")
	g := goThrough(t, suite, loop.Options{Live: true}, specs)
	g.wants(t, loop.Green, loop.Held)
	g.wants(t, loop.Idempotent, loop.Held)
	g.wants(t, loop.Covered, loop.Warned, "1 of 2 changes", "/etc/x ")
	g.wants(t, loop.Promote, loop.Skipped, "the target is not a container")
	if left := rig.Docker(t, "ps", "--quiet", "--no-trunc"); !strings.Contains(left, id) {
		t.Error("the live target was removed")
	}
}

// A live target is converged, and looked at, as the account that its specs ask as.
func TestLiveTarget_AsRoot(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.Exec(t, `for name in admin asks; do useradd -m $name; echo $name:right | chpasswd; done
		echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/rig; echo 'asks ALL=(ALL) ALL' >>/etc/sudoers.d/rig`)
	uri := "docker://admin@" + m.ID + "?sudo=true"
	o := loop.Options{Live: true}
	for _, account := range []string{"admin", "asks"} {
		// The folder is root's alone, so only root can have hashed what is in it.
		suite := &loop.Suite{Target: uri, Converge: sh("umask 077; mkdir -p /root/" + account + "; id -un >/root/" + account + "/who")}
		specs := checks(t, check{subject: "File \"/root/" + account + "/who\"", script: "! test -r /root"})
		g := goThrough(t, suite, o, specs)
		g.wants(t, loop.Green, loop.Held)
		g.wants(t, loop.Idempotent, loop.Held)
		g.wants(t, loop.Covered, loop.Warned, "1 of 2 changes", "/root/"+account+" ")
		if who := m.Exec(t, "cat /root/"+account+"/who"); strings.TrimSpace(who) != "root" {
			t.Errorf("it was converged as %s", who)
		}
		t.Setenv("HOSTSPEC_SUDO", "true")
		uri = "docker://asks@" + m.ID
		o.Open = func(u *backends.URI) (*target.Target, error) {
			as, err := target.IdentityOf(u)
			return target.New(u, target.Options{As: as, SudoPassword: "right"}), err
		}
	}
}

// Whoever ends it at any stage leaves no container behind, and promotes nothing.
func TestInterrupted_AtEachStage(t *testing.T) {
	image := box(t)
	for _, at := range loop.Stages() {
		t.Run(string(at), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			suite := &loop.Suite{Image: image, Converge: sh("echo x >/srv/page"), Promote: "hostspec-test/never:4"}
			g := goWith(ctx, t, suite, loop.Options{}, checks(t, file("/srv/page")), func(s loop.Stage) {
				if s == at {
					cancel()
				}
			})
			wantNoContainerOf(t, image)
			g.wants(t, at, loop.Broken, "interrupted")
			if !g.Interrupted || g.Image != "" {
				t.Errorf("interrupted: %v, image %q", g.Interrupted, g.Image)
			}
		})
	}
}

func TestKeepAndReuse(t *testing.T) {
	g := NewWithT(t)
	image := box(t)
	o := loop.Options{Keep: true, Container: rig.OwnName(t, "hostspec-test-kept")}
	t.Cleanup(func() { rig.Docker(t, "rm", "--force", o.Container) })
	suite := &loop.Suite{Image: image, Converge: sh("echo x >>/srv/page")}
	suite.Ignore = []string{"/srv/page"}
	first := goThrough(t, suite, o, checks(t, file("/srv/page")))
	g.Expect(first.stage(t, loop.Green).Outcome).To(Equal(loop.Held))
	o.Reuse, suite.Promote = true, "hostspec-test/never:6"
	second := goThrough(t, suite, o, checks(t, file("/srv/page")))
	second.wants(t, loop.Create, loop.Held, "again")
	second.wants(t, loop.Red, loop.Held, "the container was used before")
	second.wants(t, loop.Covered, loop.Skipped, "could not tell", "used before")
	g.Expect(second.Coverage).To(BeNil())
	g.Expect(second.Target).To(Equal(first.Target))
	second.wants(t, loop.Promote, loop.Skipped, "the container was used before")
	o.MinCoverage = 50
	goThrough(t, suite, o, checks(t, file("/srv/page"))).wants(t, loop.Covered, loop.Broken, "could not tell")
}
