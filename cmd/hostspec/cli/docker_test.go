package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// variant makes an image of the test image's that only this test of this process uses,
// and knows by its label: the same contents would be the same image.
func variant(t *testing.T, change string) string {
	t.Helper()
	name := rig.OwnName(t, "hostspec-test/"+strings.ReplaceAll(t.Name(), "/", "-"))
	hostspectest.Docker(t, "FROM "+rig.Image(t)+"\n"+change+"\nLABEL made-for="+name+"\n", "build", "--quiet", "--tag", name, "-")
	t.Cleanup(func() { hostspectest.Docker(t, "", "rmi", "--force", name) })
	return name
}

func TestPackagesShareTheContainerOfAnImage(t *testing.T) {
	image := variant(t, "ENV A=b")
	a := hostspec(t, "run", "--target", "docker-image://"+image, "./testdata/container/one", "./testdata/container/two").run()
	a.wants(t, 0, "one on docker-image://"+image, "two on docker-image://"+image, "2 specs: 2 passed, 0 failed, 0 could not tell, 0 skipped")
	hostspectest.WantNoContainerOf(t, image)
}

func TestImageThatEndsAtOnce(t *testing.T) {
	image := variant(t, `CMD ["sh", "-c", "echo no licence; exit 9"]`)
	a := hostspec(t, "run", "--target", "docker-image://"+image, "./testdata/container/two").run()
	a.wants(t, 3, "docker-image://"+image+" is UNREACHABLE: run its command (sh -c echo no licence; exit 9): it ended at once: exit 9", "no licence")
	hostspectest.WantNoContainerOf(t, image)
}

func TestInterruptedRunRemovesItsContainer(t *testing.T) {
	image := variant(t, "ENV A=b")
	s := startSlow(t, "HOSTSPEC_TARGET=docker-image://"+image)
	if hostspectest.Docker(t, "", "ps", "--quiet", "--filter", "ancestor="+image) == "" {
		t.Error("expected a container to run")
	}
	s.signal(os.Interrupt)
	s.wait().wants(t, 130, "1 passed")
	hostspectest.WantNoContainerOf(t, image)
}

// What is killed cannot tidy up: the next run does.
func TestKilledRunLeavesItsContainerToTheNext(t *testing.T) {
	image := variant(t, "ENV A=b")
	s := startSlow(t, "HOSTSPEC_TARGET=docker-image://"+image)
	if hostspectest.ContainersOf(t, image) == "" {
		t.Error("expected a container to run")
	}
	s.signal(os.Kill)
	_ = s.cmd.Wait() // it was killed
	if specs, err := os.FindProcess(s.specs); err == nil {
		_ = specs.Kill() // unless it has ended with its parent
	}
	await(t, "the end of the test binary", func() bool { return syscall.Kill(s.specs, 0) == syscall.ESRCH })
	a := hostspec(t, "run", "--target", "docker-image://"+image, "./testdata/container/one").run()
	a.wants(t, 0, "1 spec: 1 passed")
	hostspectest.WantNoContainerOf(t, image)
}

// goTest is a command for which the target of specs is an image.
func goTest(t *testing.T, image string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = hostspec(t).with("HOSTSPEC_TARGET=docker-image://" + image).command(t.Context()).Env
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func TestInterruptedTestBinaryRemovesItsContainer(t *testing.T) {
	image, folder := variant(t, "ENV A=b"), t.TempDir()
	if out, err := goTest(t, image, "go", "test", "-c", "-o", folder+"/stays", "./testdata/stays").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		started := filepath.Join(t.TempDir(), "started")
		cmd := goTest(t, image, folder+"/stays")
		cmd.Env = append(cmd.Env, "STAYS_STARTED="+started)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "the spec that waits", func() bool { _, err := os.Stat(started); return err == nil })
		if hostspectest.ContainersOf(t, image) == "" {
			t.Error("expected a container to run")
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it fails
		hostspectest.WantNoContainerOf(t, image)
	}
}

// A panic in a spec is Ginkgo's to catch; one beside it ends the process, and leaves a
// container to the next one.
func TestContainersOfTestBinariesThatPanic(t *testing.T) {
	image := variant(t, "ENV A=b")
	made := countMade(t, image)
	for _, where := range []string{"in the spec", "beside it"} {
		cmd := goTest(t, image, "go", "test", "-count=1", "./testdata/stays")
		cmd.Env = append(cmd.Env, "STAYS_PANICS="+where)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), where) {
			t.Errorf("expected a panic, found %v\n%s", err, out)
		}
		if where == "beside it" {
			out, err = goTest(t, image, "go", "test", "-count=1", "./testdata/container/one").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
		hostspectest.WantNoContainerOf(t, image)
	}
	if n := made.made(t); n != 3 {
		t.Errorf("expected 3 containers to have been made, found %d", n)
	}
}

// Alone, a package knows of no other: each has a container.
func TestGoTestMakesAContainerForEachPackage(t *testing.T) {
	image := variant(t, "ENV A=b")
	made := countMade(t, image)
	packages := []string{"./testdata/container/one", "./testdata/container/two"}
	_ = goTest(t, image, append([]string{"go", "test", "-count=1"}, packages...)...).Run() // two looks for what one has left
	if n := made.made(t); n != 2 {
		t.Errorf("expected go test to make 2 containers, found %d", n)
	}
	hostspec(t, append([]string{"run", "--target", "docker-image://" + image}, packages...)...).run().wants(t, 0, "2 passed")
	if n := made.made(t); n != 3 {
		t.Errorf("expected hostspec run to make 1 container more, found %d in all", n)
	}
	hostspectest.WantNoContainerOf(t, image)
}

// A counter counts the containers that are made of an image. The engine tells of them
// as it goes; what it keeps of the past is little.
type counter struct {
	image string
	mu    sync.Mutex
	seen  []string
	marks int
}

func countMade(t *testing.T, image string) *counter {
	t.Helper()
	c := &counter{image: image}
	cmd := exec.CommandContext(t.Context(), "docker", "events", "--filter", "image="+image, "--filter", "event=create", "--format", "{{.ID}}")
	cmd.Stdout = c
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it is killed
	// It listens when it has seen what was made after it was started.
	await(t, "the engine's events", func() bool { id := c.mark(t); time.Sleep(100 * time.Millisecond); return c.index(id) >= 0 })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen, c.marks = nil, 0
	return c
}

// Write takes whole lines.
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, strings.Fields(string(p))...)
	return len(p), nil
}

func (c *counter) index(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Index(c.seen, id)
}

// mark makes a container that does not count.
func (c *counter) mark(t *testing.T) string {
	t.Helper()
	id := strings.TrimSpace(hostspectest.Docker(t, "", "create", c.image, "true"))
	hostspectest.Docker(t, "", "rm", id)
	return id
}

// made is how many containers were made so far.
func (c *counter) made(t *testing.T) int {
	t.Helper()
	id := c.mark(t)
	await(t, "an event of the engine", func() bool { return c.index(id) >= 0 })
	n := c.index(id) - c.marks
	c.marks++
	return n
}
