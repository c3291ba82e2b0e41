package target

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/hostspec/hostspec/backends"
	_ "github.com/hostspec/hostspec/backends/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testedShells are the shells that scripts of ours must run in: the words that
// start each as sh.
var testedShells = map[string][]string{
	"dash":    {"dash"},
	"bash":    {"bash"},
	"busybox": {"busybox", "sh"},
	"mksh":    {"mksh"},
	"ksh93":   {"ksh93"},
}

// shellBackend starts processes on this machine, with a PATH in which sh is the
// shell under test.
type shellBackend struct {
	backends.Backend
	path string
}

func (b *shellBackend) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	c.Env = append(c.Env, "PATH="+b.path)
	return b.Backend.Start(ctx, c)
}

// withShell opens this machine as a target whose sh is another shell.
func withShell(t *testing.T, name string) backends.Backend {
	t.Helper()
	words := slices.Clone(testedShells[name])
	program, err := exec.LookPath(words[0])
	if err != nil {
		t.Fatalf("%s is needed to test with it: %v", name, err)
	}
	dir := t.TempDir()
	words[0] = program
	start := "#!/bin/bash\nexec -a sh " + backends.Quote(words...) + " \"$@\"\n"
	if name == "busybox" {
		start = "#!/bin/bash\nexec " + backends.Quote(words...) + " \"$@\"\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "sh"), []byte(start), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := backends.Open(t.Context(), "local://")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return &shellBackend{Backend: b, path: dir + ":" + os.Getenv("PATH")}
}

// anything stands for an answer that shells do not agree on.
const anything = "anything"

// hostile are questions that try to break out of their frame, and what their
// frame must hold.
var hostile = []struct {
	script string
	stdout string
}{
	{`printf 'a\nb'`, "a\nb"},
	{`printf 'no newline'`, "no newline"},
	{`printf 'x\n\n\n'`, "x\n\n\n"},
	{`printf '\000\001\377'`, "\x00\x01\xff"},
	{`exit 3`, ""},
	{`exec true`, ""},
	{`exec >&-`, ""},
	{`exec 2>&-; echo out`, "out\n"},
	{`set -e; false; echo never`, ""},
	{`set -u; echo $undefined_variable`, ""},
	{`trap 'echo trapped' EXIT; echo body`, "body\ntrapped\n"},
	{`echo "`, ""},
	{`echo 'unclosed`, ""},
	{`cat <<EOF` + "\nhere", anything},
	{`(`, ""},
	{`)`, ""},
	{`echo $(`, ""},
	{`echo "$(echo nested)"`, "nested\n"},
	{`if true; then`, ""},
	{`# only a comment`, ""},
	{`echo a # comment`, "a\n"},
	{`echo back\\slash 'single' "double" $((1+1)) ` + "`echo tick`", "back\\slash single double 2 tick\n"},
	{`N=broken; s=9; h=x; echo set`, "set\n"},
	{`cat`, ""},
	{`read x; echo "[$x]"`, "[]\n"},
	{`cd /; pwd`, "/\n"},
	{`umask 077; echo ok`, "ok\n"},
	{`eval 'echo again'`, "again\n"},
	{``, ""},
}

func TestShell_HostileQuestions(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			b := withShell(t, name)
			s, greeted, err := openShell(ctx, b, "echo hello; echo there >&2; (exit 4)")
			g.Expect(err).NotTo(HaveOccurred())
			defer s.close()
			g.Expect(string(greeted.Stdout)).To(Equal("hello\n"))
			g.Expect(string(greeted.Stderr)).To(Equal("there\n"))
			g.Expect(greeted.Status.Code).To(Equal(4))
			var scripts []string
			for _, h := range hostile {
				scripts = append(scripts, h.script, "echo between; echo err >&2; exit 7")
			}
			var got []Output
			n, _, err := s.ask(ctx, inWords(scripts...), within(2*time.Minute), func(_ int, o Output) { got = append(got, o) })
			g.Expect(err).NotTo(HaveOccurred(), "after question %d", n)
			g.Expect(got).To(HaveLen(len(scripts)))
			for i, h := range hostile {
				if h.stdout != anything {
					g.Expect(string(got[2*i].Stdout)).To(Equal(h.stdout), h.script)
				}
				g.Expect(string(got[2*i+1].Stdout)).To(Equal("between\n"), "after "+h.script)
				g.Expect(string(got[2*i+1].Stderr)).To(Equal("err\n"), "after "+h.script)
				g.Expect(got[2*i+1].Status.Code).To(Equal(7), "after "+h.script)
			}
		})
	}
}

// TestShell_StatelessQuestions are answered as in a subshell, and by the shell itself.
func TestShell_StatelessQuestions(t *testing.T) {
	scripts := []string{
		"cat /etc/passwd", "stat -c %n / '/it is '\\''not'\\'' there'", "hostspec-no-such-program", "false", "cat", "cat /proc/self/fdinfo/0 >/dev/null",
		"/etc/passwd", "/", "grep -q x /nowhere 2>/dev/null && echo found || :", "printf '\\000\\377\\n\\n'", "sh -c 'kill -9 $$'", "sh -c 'exit 9'",
		"X=1 sh -c 'echo $X'; echo ${X-unset}", "echo a | grep b", "# nothing", "", "echo out; echo err >&2; sh -c 'exit 3'", "cat <<END\nhere\nEND",
		"echo $$; echo /[e]t[c]; sh -c 'cat; pwd'",
	}
	digits := regexp.MustCompile("[0-9]+")
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s, _, err := openShell(t.Context(), withShell(t, name), ":")
			g.Expect(err).NotTo(HaveOccurred())
			defer s.close()
			questions := inWords(scripts...)
			for _, q := range questions {
				q.Stateless = true
				questions = append(questions, q)
			}
			questions = append(questions, Question{Script: "echo $$; sh -c 'echo $PPID'", Stateless: true})
			var got []Output
			n, _, err := s.ask(t.Context(), questions, within(2*time.Minute), func(_ int, o Output) {
				// Shells tell in which line of theirs it was, and who was killed.
				o.Took, o.Stderr = 0, digits.ReplaceAll([]byte(withoutPlace(string(o.Stderr))), nil)
				got = append(got, o)
			})
			g.Expect(err).NotTo(HaveOccurred(), "after question %d", n)
			for i, script := range scripts {
				g.Expect(got[len(scripts)+i]).To(Equal(got[i]), script)
			}
			pids := strings.Fields(string(got[len(got)-1].Stdout))
			g.Expect(pids).To(HaveLen(2))
			g.Expect(pids[1]).To(Equal(pids[0]), "there is a process in between")
		})
	}
}

// inWords makes questions of scripts.
func inWords(scripts ...string) []Question {
	out := make([]Question, len(scripts))
	for i, script := range scripts {
		out[i].Script = script
	}
	return out
}

func within(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

func TestShell_DeadlineKillsWhatWasStarted(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) { deadlineKills(t, name, false) })
		t.Run(name+" itself", func(t *testing.T) { deadlineKills(t, name, true) })
	}
}

func deadlineKills(t *testing.T, name string, stateless bool) {
	t.Parallel() // it waits most of the time
	g := NewWithT(t)
	b := withShell(t, name)
	s, _, err := openShell(t.Context(), b, ":")
	g.Expect(err).NotTo(HaveOccurred())
	mark := fmt.Sprintf("%d.%09d", 200+len(name), time.Now().Nanosecond())
	questions := inWords("echo first", "echo so far; sleep "+mark+" & sleep "+mark, "echo never")
	questions[1].Stateless = stateless
	n, partial, err := s.ask(t.Context(), questions, within(5*time.Second), func(int, Output) {})
	g.Expect(n).To(Equal(1))
	g.Expect(err).To(MatchError(errDeadline))
	g.Expect(string(partial.Stdout)).To(Equal("so far\n"))
	g.Eventually(func() string { return processes(t, mark) }, "2m").Should(BeEmpty())
}

func TestShell_QuestionThatKillsItsShell(t *testing.T) {
	g := NewWithT(t)
	b := withShell(t, "dash")
	s, _, err := openShell(t.Context(), b, ":")
	g.Expect(err).NotTo(HaveOccurred())
	n, _, err := s.ask(t.Context(), inWords("echo first", "kill -9 $$", "echo never"), within(2*time.Minute), func(int, Output) {})
	g.Expect(n).To(Equal(1))
	g.Expect(err).To(MatchError(errShellDied))
}

func TestShell_LargeScriptAndLargeAnswer(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s, _, err := openShell(t.Context(), withShell(t, name), ":")
			g.Expect(err).NotTo(HaveOccurred())
			defer s.close()
			long := strings.Repeat("x", 200_000)
			var got []Output
			_, _, err = s.ask(t.Context(), inWords("x="+long+"; echo ${#x}", "head -c 3000000 /dev/zero"), within(2*time.Minute), func(_ int, o Output) { got = append(got, o) })
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(got[0].Stdout)).To(Equal("200000\n"))
			g.Expect(got[1].Stdout).To(HaveLen(3_000_000))
		})
	}
}

func TestShell_NonceIsSeenByNobody(t *testing.T) {
	g := NewWithT(t)
	s, _, err := openShell(t.Context(), withShell(t, "dash"), ":")
	g.Expect(err).NotTo(HaveOccurred())
	defer s.close()
	var got Output
	_, _, err = s.ask(t.Context(), inWords("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; env; export -p"), within(2*time.Minute), func(_ int, o Output) { got = o })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(got.Stdout)).To(BeNumerically(">", 1000))
	g.Expect(string(got.Stdout)).NotTo(ContainSubstring(s.nonce))
}

// processes lists this machine's processes whose command line holds mark.
func processes(t *testing.T, mark string) string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range names {
		if line, err := os.ReadFile(n); err == nil && strings.Contains(string(line), mark) {
			out = append(out, n+" "+string(line))
		}
	}
	return strings.Join(out, "\n")
}
