package examples

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// TestReadme runs every command of the README.
func TestReadme(t *testing.T) {
	root, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	runSteps(t, root, "README.md", 9, readmeEnvironment(t))
}

// runSteps runs every command of a document in its folder, of which there are some at
// least, and compares what it prints with what stands there. In the output "..." alone
// on a line is any number of lines, and within a line any text; "exit N" is how the
// command ended when that is not 0.
func runSteps(t *testing.T, dir, document string, atLeast int, env []string) {
	t.Helper()
	g := NewWithT(t)
	text, err := os.ReadFile(filepath.Join(dir, document))
	g.Expect(err).NotTo(HaveOccurred())
	steps := readmeSteps(string(text))
	g.Expect(len(steps)).To(BeNumerically(">=", atLeast))
	for _, s := range steps {
		if s.file != "" {
			g.Expect(os.WriteFile(filepath.Join(dir, s.file), []byte(s.want), 0o644)).To(Succeed())
			continue
		}
		if s.command == "hostspec init" {
			dir = t.TempDir()
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", s.command)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		got := stillGoing.ReplaceAllString(string(out), "")
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			got += fmt.Sprintf("exit %d\n", code)
		} else if err != nil {
			t.Fatal(err)
		}
		// Gomega would cut what is long.
		if !regexp.MustCompile(pattern(times.ReplaceAllString(s.want, " ..."))).MatchString(got) {
			t.Fatalf("%s: $ %s\nprinted\n%s\nwant\n%s", document, s.command, got, s.want)
		}
	}
}

// times are what was measured, which is another each time.
var times = regexp.MustCompile(` +[0-9]+ ms`)

// stillGoing are the lines by which a loop says each half minute that it goes on. They
// come only on machines that are slow or busy.
var stillGoing = regexp.MustCompile(`(?m)^  [a-z]+ +\.\.\. +[0-9:]+ (s|min|h)\b.*\n`)

// A readmeStep is a command with its output, or a file to be written.
type readmeStep struct{ command, file, want string }

var fileComment = regexp.MustCompile(`^<!-- file: (\S+) -->$`)

func readmeSteps(text string) []readmeStep {
	var steps []readmeStep
	var block, file string
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		line := s.Text()
		switch m := fileComment.FindStringSubmatch(line); {
		case m != nil:
			file = m[1]
		case strings.HasPrefix(line, "```") && block != "":
			block, file = "", ""
		case strings.HasPrefix(line, "```"):
			block = line[3:]
			if file != "" {
				steps = append(steps, readmeStep{file: file})
			}
		case block == "console" && strings.HasPrefix(line, "$ "):
			steps = append(steps, readmeStep{command: line[2:]})
		case block == "console" || block != "" && file != "":
			steps[len(steps)-1].want += line + "\n"
		}
	}
	return steps
}

// pattern makes a regular expression of an output as the README shows it.
func pattern(want string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for line := range strings.Lines(want) {
		line = strings.TrimSuffix(line, "\n")
		if line == "..." {
			b.WriteString(`(?:[^\n]*\n)*`)
			continue
		}
		line = regexp.QuoteMeta(strings.TrimLeft(line, " "))
		b.WriteString(`[ ]*` + strings.ReplaceAll(line, `\.\.\.`, `[^\n]*`) + `\n`)
	}
	b.WriteString(`\z`)
	return b.String()
}

// readmeEnvironment has hostspec on its PATH, an ssh_config in which the README's
// hosts are a machine of ours, and its name as a container and that of its image.
func readmeEnvironment(t *testing.T) []string {
	t.Helper()
	m := rig.StartMachine(t)
	m.Exec(t, `for name in admin asks; do useradd -m $name; echo $name:right | chpasswd; done
		echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/readme; echo 'asks ALL=(ALL) ALL' >>/etc/sudoers.d/readme`)
	config := filepath.Join(t.TempDir(), "ssh_config")
	hosts := fmt.Sprintf("Host web1 web2\nHostName %s\nHostKeyAlias %s\nIdentityFile %s\nUserKnownHostsFile %s\n", m.IP, m.IP, m.Identity, m.KnownHosts)
	if err := os.WriteFile(config, []byte(hosts), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "PATH="+filepath.Dir(hostspectest.Binary)+":"+os.Getenv("PATH"), "HOSTSPEC_SSH_CONFIG="+config,
		"IMAGE="+rig.Image(t), "CONTAINER="+m.ID)
}
