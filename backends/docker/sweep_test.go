package docker_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestSweep runs this program again, which makes a container and is killed.
func TestSweep(t *testing.T) {
	if image := os.Getenv("HOSTSPEC_TEST_SWEEP"); image != "" {
		if _, err := backends.Open(t.Context(), "docker-image://"+image); err != nil {
			t.Fatal(err)
		}
		fmt.Println("\nup")
		select {}
	}
	image := busybox(t)
	// A person commits what runs, and goes on with the image. The commit is his own, and
	// so is each container that he makes of it.
	committed := rig.OwnName(t, "hostspec-test/committed")
	left, name := abandon(t, image, committed)
	t.Cleanup(func() { engine(t, "rmi", "--force", committed) })
	words := strings.Split(strings.TrimPrefix(name, "/hostspec-of-"), "-")
	if len(words) != 6 {
		t.Fatalf("its name is %q", name)
	}
	named := func(host, boot, namespace, pid, started string) string {
		return "hostspec-of-" + strings.Join([]string{host, boot, namespace, pid, started, strings.ToLower(rand.Text())}, "-")
	}
	// It gets its name when it runs: until then others on this machine might sweep it.
	start := func(name string) string {
		id := startContainer(t, image, "sh", "-c", wait)
		engine(t, "rename", id, name)
		return id
	}
	const another = "0123456789ab"
	// What is another host's, another boot's, another namespace's, or not even ours, is
	// to stay, and so is what a living process has.
	stay := []string{
		startContainer(t, committed, "sh", "-c", wait),
		start(named(another, words[1], words[2], words[3], words[4])),
		start(named(words[0], another, words[2], words[3], words[4])),
		start(named(words[0], words[1], "1", words[3], words[4])),
		start("hostspec-of-" + strings.ToLower(rand.Text())),
		startContainer(t, image, "sh", "-c", wait),
	}
	before := containersOf(t, image)
	mine := mustOpen(t, "docker-image://"+image)
	stay = append(stay, slices.DeleteFunc(containersOf(t, image), func(id string) bool { return slices.Contains(before, id) })...)
	neverStarted := engine(t, "create", "--name", named(words[0], another, words[2], words[3], words[4]), image, "sh", "-c", wait)
	t.Cleanup(func() { engine(t, "rm", "--force", neverStarted) })
	gone := []string{left, neverStarted,
		// The number of a living process, that was started at another time.
		start(named(words[0], words[1], words[2], fmt.Sprint(os.Getpid()), "1"))}
	other := mustOpen(t, "docker-image://"+image)
	there := strings.Fields(engine(t, "ps", "--all", "--quiet", "--no-trunc"))
	for _, id := range stay {
		if !slices.Contains(there, id) {
			t.Errorf("%s was removed (of %q)", id, stay)
		}
	}
	for _, id := range gone {
		if slices.Contains(there, id) {
			t.Errorf("%s is still there (of %q)", id, gone)
		}
	}
	_, _ = mine.Close(), other.Close()
}

// abandon makes a container of a process that is killed, and returns its ID and name. The
// container is committed before that: from then on it is anybody's to sweep.
func abandon(t *testing.T, image, committed string) (id, name string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestSweep$", "-test.v")
	cmd.Env = append(os.Environ(), "HOSTSPEC_TEST_SWEEP="+image)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan() && s.Text() != "up"; {
	}
	ids := containersOf(t, image)
	if len(ids) != 1 {
		t.Fatalf("expected the process to make a container, found %q", ids)
	}
	name = engine(t, "inspect", "--format", "{{.Name}}", ids[0])
	engine(t, "commit", ids[0], committed)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return ids[0], name
}
