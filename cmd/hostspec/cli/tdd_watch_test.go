package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// A watched is a folder in which somebody works while hostspec tdd --watch runs there.
type watched struct {
	t    *testing.T
	dir  string
	log  string
	cmd  *exec.Cmd
	seen int // of the log
}

const appSpec = `package spec_test

import (
	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

var _ = Describe("the app", func() {
	File("/etc/app.conf").Should(HaveContent("port = 8080"))
})
`

func appConfig(image, more string) string {
	return "suites:\n  web:\n    image: " + image + "\n    mount: {./app: /app}\n    converge: cp /app/app.conf /etc/app.conf\n    specs: ./spec\n" + more
}

// startWatch starts it in a new folder, and waits until the first turn is over.
func startWatch(t *testing.T, image string, flags ...string) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir()}
	w.log = filepath.Join(t.TempDir(), "log")
	hostspec(t, "init").in(w.dir).with("GOPROXY=off").run().wants(t, 0)
	if err := os.Remove(filepath.Join(w.dir, "spec", "first_test.go")); err != nil {
		t.Fatal(err)
	}
	w.save("spec/app_test.go", appSpec)
	w.save("app/app.conf", "port = 8080\n")
	w.save("hostspec.yaml", appConfig(image, ""))
	out, err := os.Create(w.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w.cmd = hostspec(t, append([]string{"tdd", "--watch"}, flags...)...).in(w.dir).with("GOPROXY=off").command(t.Context())
	w.cmd.Stdout, w.cmd.Stderr = out, out
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.next("\nwatching ")
	return w
}

// save writes a file as editors do, by renaming.
func (w *watched) save(name, text string) {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	write(w.t, name+"~", text)
	if err := os.Rename(name+"~", name); err != nil {
		w.t.Fatal(err)
	}
}

// next waits for a text and returns what was said from the last one on. One that has
// ended will not say it.
func (w *watched) next(text string) string {
	w.t.Helper()
	said := ""
	await(w.t, text, func() bool {
		stat := read(w.t, fmt.Sprintf("/proc/%d/stat", w.cmd.Process.Pid))
		said = read(w.t, w.log)[w.seen:]
		found := strings.Contains(said, text)
		if !found && strings.Contains(stat, ") Z ") {
			w.t.Fatalf("it has ended, and did not say %q:\n%s", text, said)
		}
		return found
	})
	said = said[:strings.Index(said, text)+len(text)]
	w.seen += len(said)
	return said
}

// turn waits for the end of a turn and checks what was said in it.
func (w *watched) turn(has []string, not ...string) {
	w.t.Helper()
	said := w.next("\nwatching ")
	for _, text := range has {
		if !strings.Contains(said, text) {
			w.t.Errorf("does not say %q:\n%s", text, said)
		}
	}
	for _, text := range not {
		if strings.Contains(said, text) {
			w.t.Errorf("says %q:\n%s", text, said)
		}
	}
}

// stop ends it as people do.
func (w *watched) stop() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		w.t.Fatal(err)
	}
	_ = w.cmd.Wait() // the exit code tells
	if code := w.cmd.ProcessState.ExitCode(); code != 130 {
		w.t.Errorf("exit code %d:\n%s", code, read(w.t, w.log))
	}
}

func TestLoop_Watch(t *testing.T) {
	image := variant(t, "ENV A=b")
	report := filepath.Join(t.TempDir(), "x.xml")
	w := startWatch(t, image, "-f", "junit:"+report)
	containers := hostspectest.Docker(t, "", "ps", "--quiet", "--filter", "ancestor="+image)

	// Specs alone: no converge.
	w.save("spec/app_test.go", strings.Replace(appSpec, "8080", "80\\n", 1))
	w.turn([]string{"spec/app_test.go\n", "green       failed", "suite web: failed in ", " at green"}, "converge", "create")
	if text := read(t, report); !strings.Contains(text, "<failure") {
		t.Errorf("report:\n%s", text)
	}
	// What does not compile changes nothing, and is waited for.
	w.save("spec/app_test.go", appSpec+"x")
	w.turn([]string{"do not compile"}, "green", "converge")
	w.save("spec/app_test.go", strings.Replace(appSpec, "8080", "80\\n", 1))
	w.turn([]string{"green       failed"}, "converge")
	// A manifest: from converge on, in the same container.
	w.save("app/app.conf", "port = 80\n")
	w.turn([]string{"app/app.conf\n", "converge    held", "green       held", "idempotent  held", "coverage: 1 of 1 changes"}, "create")
	if now := hostspectest.Docker(t, "", "ps", "--quiet", "--filter", "ancestor="+image); !strings.Contains(now, strings.Fields(containers)[0]) {
		t.Errorf("other containers: %s, then %s", containers, now)
	}
	// Both at once: specs that are compiled anew, after converge.
	w.stopped(func() {
		w.save("spec/app_test.go", strings.Replace(appSpec, "8080", "90", 1))
		w.save("app/app.conf", "port = 90\n")
	})
	w.turn([]string{"app/app.conf spec/app_test.go\n", "converge    held", "green       held"})
	// The file of suites: all anew, once it is right.
	w.save("hostspec.yaml", appConfig(image, "    evn: {A: b}\n"))
	w.turn([]string{`hostspec.yaml:7:5: unknown key "evn"`}, "create")
	w.save("hostspec.yaml", appConfig(image, "    env: {A: b}\n"))
	w.turn([]string{"create      held", "red         held", "suite web: held"}, "promote")
	w.stop()
	hostspectest.WantNoContainerOf(t, image)
}

// A failed converge is gone through again when it is mended, and a container that it
// has ended is made anew.
func TestLoop_WatchMends(t *testing.T) {
	image := variant(t, "ENV A=b")
	w := startWatch(t, image, "--converge", "sh /app/converge; cp /app/app.conf /etc/app.conf")
	w.save("app/app.conf", "")
	if err := os.Remove(filepath.Join(w.dir, "app", "app.conf")); err != nil {
		t.Fatal(err)
	}
	w.turn([]string{"app/app.conf\n", "converge    broken", "suite web: broken in ", " at converge"})
	// The specs cannot be looked at before converge was.
	w.save("spec/app_test.go", appSpec+"\n")
	w.turn([]string{"converge    broken"}, "create")
	w.save("app/app.conf", "port = 8080\n")
	w.turn([]string{"converge    held", "suite web: held"}, "create")
	w.save("app/converge", "kill -9 -1; sleep 1; kill -TERM 1; sleep 600")
	w.turn([]string{"converge    broken"})
	w.save("app/converge", "")
	w.turn([]string{"suite web: held"})
	// A manifest that is edited between both runs is told as that, and then converged.
	w.save("app/converge", "[ ! -e /tmp/ran ] || until [ -e /app/go ]; do sleep 0.1; done; touch /tmp/ran\n")
	w.next("green       held")
	w.save("app/app.conf", "port = 8080\nmore\n")
	w.save("app/go", "")
	w.turn([]string{"could not tell: files changed meanwhile", "      app/app.conf\n"}, "idempotent  failed")
	w.turn([]string{"app/app.conf app/go\n", "converge    held", "suite web: held"})
	w.stop()
	hostspectest.WantNoContainerOf(t, image)
}

// stopped does something while the watcher does not look.
func (w *watched) stopped(do func()) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		w.t.Fatal(err)
	}
	do()
	if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		w.t.Fatal(err)
	}
}

// What converge writes on this side does not start it again; what people write
// there as it runs is. The container is kept in the end, however often it was made.
func TestLoop_WatchKeeps(t *testing.T) {
	image := variant(t, "ENV A=b")
	w := startWatch(t, image, "--keep")
	w.save("site.conf", "port = 8080\n")
	w.save("hostspec.yaml", strings.Replace(appConfig(image, ""), "converge: cp /app/app.conf /etc/app.conf",
		"converge: {run: 'echo x >>log; sleep 1; docker exec -i \"$HOSTSPEC_CONTAINER\" sh -c \"cat >/etc/app.conf\" <site.conf', on: here}", 1))
	w.turn([]string{"create      held", "suite web: held"})
	w.save("site.conf", "port = 8080\nmore\n")
	w.turn([]string{"site.conf\n", "converge    held", "suite web: held"}, "  log", " log ")
	w.save("site.conf", "port = 8080\nyet more\n")
	w.next("green       held")
	w.save("site.conf", "port = 8080\nand more\n")
	w.turn([]string{}, "idempotent  failed")
	w.turn([]string{"site.conf\n", "suite web: held"}, "  log", " log ")
	w.stop()
	if said := read(t, w.log); !strings.Contains(said, " is kept: docker exec -it hostspec-tdd-") {
		t.Errorf("it does not say what it has kept:\n%s", said)
	}
	left := strings.Fields(hostspectest.Docker(t, "", "ps", "--all", "--quiet", "--filter", "ancestor="+image))
	if len(left) != 1 {
		t.Errorf("containers %v are left, want the one that is kept", left)
	}
	for _, id := range left {
		hostspectest.Docker(t, "", "rm", "--force", id)
	}
}
