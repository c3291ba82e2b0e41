package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// webserverBase is the image that the example's suites begin with.
const webserverBase = "hostspec-webserver-base"

// TestWebserverReadmes runs every command of the READMEs of examples/webserver: each
// tool for real, in a machine that systemd boots.
func TestWebserverReadmes(t *testing.T) {
	holdWebserverBase(t)
	image := webserverImage(t)
	dir := webserverCopy(t)
	// Whatever docker build makes is known by it.
	edit(t, filepath.Join(dir, "base/Dockerfile"), change{"FROM $DEBIAN\n", "FROM $DEBIAN\nLABEL made-by=" + image + "\n"})
	env := append(os.Environ(), "PATH="+filepath.Dir(hostspectest.Binary)+":"+os.Getenv("PATH"), "DEBIAN="+image)
	runSteps(t, dir, "README.md", 1, env)
	t.Run("each", func(t *testing.T) {
		for _, suite := range webserverSuites {
			t.Run(suite, func(t *testing.T) {
				t.Parallel()
				runSteps(t, dir, suite+"/README.md", 1, env)
			})
		}
	})
	hostspectest.WantNoContainerOf(t, image)
}

var webserverSuites = []string{"puppet", "itamae", "ansible", "cfengine", "dockerfile", "chef"}

// No Chef runs the recipe here, but a Ruby reads it.
func TestWebserverChefRecipeIsRuby(t *testing.T) {
	recipe, err := os.ReadFile(top + "/examples/webserver/chef/web.rb")
	if err != nil {
		t.Fatal(err)
	}
	if said := hostspectest.Docker(t, string(recipe), "run", "--rm", "--interactive", webserverImage(t), "ruby", "-wc"); said != "Syntax OK" {
		t.Error(said)
	}
}

// holdWebserverBase has the name of the READMEs' image for one test at a time, and
// gives it back to whatever image had it before.
func holdWebserverBase(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "hostspec-webserver-base.lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	before := hostspectest.Docker(t, "", "images", "--quiet", "--no-trunc", webserverBase+":latest")
	t.Cleanup(func() {
		if before != "" {
			hostspectest.Docker(t, "", "tag", before, webserverBase)
			return
		}
		if hostspectest.Docker(t, "", "images", "--quiet", webserverBase+":latest") != "" {
			hostspectest.Docker(t, "", "rmi", webserverBase)
		}
	})
}

// webserverImage is an image like that of examples/webserver/base/Dockerfile, made of
// packages of this machine's own sources, and with those of the web server in it. No
// other test uses it, and what is made of it is removed with it.
func webserverImage(t *testing.T) string {
	t.Helper()
	rig.Image(t) // or the test is skipped
	cmd := exec.CommandContext(t.Context(), top+"/.ci/images", "webserver")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("make the image of the web server's tools: %v", err)
	}
	image := rig.OwnName(t, "hostspec-test/"+t.Name())
	hostspectest.Docker(t, "FROM "+strings.TrimSpace(string(out))+"\nLABEL made-for="+image+"\n", "build", "--quiet", "--tag", image, "-")
	t.Cleanup(func() {
		// What is newest stands first: nothing is made of it, and with it goes what is
		// left of the steps towards it.
		for {
			made := strings.Fields(hostspectest.Docker(t, "", "images", "--quiet", "--filter", "label=made-for="+image))
			if len(made) == 0 {
				return
			}
			hostspectest.Docker(t, "", "rmi", "--force", made[0])
		}
	})
	return image
}

// webserverCopy is a copy of the example that a test may change.
func webserverCopy(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(top+"/examples/webserver")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "go.mod"), change{"=> ../..\n", "=> " + root + "\n"})
	return dir
}

// A change puts a text in the place of another, which is to be there once; in an
// empty one's place stands the end of the file.
type change struct{ from, to string }

func edit(t *testing.T, file string, changes ...change) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, c := range changes {
		if c.from == "" {
			text += c.to
			continue
		}
		if n := strings.Count(text, c.from); n != 1 {
			t.Fatalf("%s has %q %d times, want 1", file, c.from, n)
		}
		text = strings.Replace(text, c.from, c.to, 1)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A told is what the summary says about a stage.
type told struct{ outcome, summary, details string }

var stageOfSummary = regexp.MustCompile(`^  ([a-z]+) +(held|warned|failed|broken|skipped)\b *(.*)$`)

// stagesOf reads the summary of `hostspec tdd` of one suite.
func stagesOf(stdout string) map[string]*told {
	stages := map[string]*told{}
	var last *told
	for line := range strings.Lines(stdout) {
		if m := stageOfSummary.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			last = &told{outcome: m[2], summary: m[3]}
			stages[m[1]] = last
		} else if last != nil && strings.HasPrefix(line, "      ") {
			last.details += line
		} else {
			last = nil
		}
	}
	return stages
}
