package docker_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
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
	left := abandon(t, image)
	label := engine(t, "inspect", "--format", `{{index .Config.Labels "hostspec.owner"}}`, left)
	words := strings.Fields(label)
	// What is another host's, another boot's, another namespace's, or not even ours, is
	// to stay, and so is what a living process has.
	labelled := func(owner ...string) string {
		return startContainer(t, "--label", "hostspec.owner="+strings.Join(owner, " "), image, "sh", "-c", wait)
	}
	stay := []string{
		labelled("another"+words[0], words[1], words[2], words[3], words[4]),
		labelled(words[0], "another-boot", words[2], words[3], words[4]),
		labelled(words[0], words[1], "pid:[1]", words[3], words[4]),
		labelled("nonsense"),
		startContainer(t, image, "sh", "-c", wait),
	}
	before := containersOf(t, image)
	mine := mustOpen(t, "docker-image://"+image)
	stay = append(stay, slices.DeleteFunc(containersOf(t, image), func(id string) bool { return slices.Contains(before, id) })...)
	neverStarted := engine(t, "create", "--label", "hostspec.owner="+strings.Join([]string{words[0], "another-boot", words[2], words[3], words[4]}, " "), image, "true")
	t.Cleanup(func() { engine(t, "rm", "--force", neverStarted) })
	gone := []string{left, neverStarted,
		// The number of a living process, that was started at another time.
		labelled(words[0], words[1], words[2], fmt.Sprint(os.Getpid()), "1")}
	other := mustOpen(t, "docker-image://"+image)
	there := containersOf(t, image)
	for _, id := range stay {
		if !strings.Contains(strings.Join(there, " "), id) {
			t.Errorf("expected %s to stay (%s)", id, id)
		}
	}
	for _, id := range gone {
		if strings.Contains(strings.Join(there, " "), id) {
			t.Errorf("expected %s to be gone", id)
		}
	}
	_, _ = mine.Close(), other.Close()
}

// abandon makes a container of a process that is killed, and returns its ID.
func abandon(t *testing.T, image string) string {
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
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	ids := containersOf(t, image)
	if len(ids) != 1 {
		t.Fatalf("expected the killed process to leave a container, found %q", ids)
	}
	return ids[0]
}
