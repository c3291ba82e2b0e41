package target

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// Run implements backends.Runner with the shell under test.
func (b *shellBackend) Run(ctx context.Context, c backends.Command) (backends.Status, error) {
	c.Env = append(c.Env, "PATH="+b.path)
	return b.Backend.(backends.Runner).Run(ctx, c)
}

// lineNumber matches line numbers in our scripts and process numbers, which differ.
var lineNumber = regexp.MustCompile(`line \d+|\[\d+\]|: \d+:`)

// TestRunAlone_TellsWhatAWatchdogTells runs the same commands with a watchdog and without.
func TestRunAlone_TellsWhatAWatchdogTells(t *testing.T) {
	dir := t.TempDir()
	scripts := []Script{
		{Text: "printf out; printf err >&2; exit 7"}, {Text: "echo 1\necho 2\n"}, {Text: "true"}, {Text: "uname -s; id -u"},
		{Text: "cat <<EOF\n.\n:\n: a  b\\\n  c\\\\d\nEOF"}, {Text: ".  /dev/null\necho 'a\n\n'"}, {Text: "cat"}, {Text: "read x; echo \"[$x]\""},
		{Text: "cat; echo .", Stdin: []byte("in\x00\xff\n.\n")}, {Text: "head -c 1", Stdin: []byte("abc")}, {Text: "cat", Stdin: []byte{}},
		{Text: "wc -c", Stdin: []byte(fmt.Sprintf("%0300000d", 1))}, {Text: "exit 3", Stdin: []byte("unread")},
		{Text: "pwd; echo $A$B", Dir: "/usr", Env: []string{"A=x y", "B='\n"}}, {Text: "echo $PATH $LC_ALL; pwd; umask; ulimit -n; set -o"},
		{Text: "exit 1", Dir: dir + "/none"}, {Text: "exit 1", Dir: "-", Env: []string{"OLDPWD=/"}}, {Text: "exit 1", Env: []string{"PPID=5"}},
		{Text: "env | grep -v ^_ | sort"}, {Text: `echo "$#[$*]$0"`}, {Text: "cat <&3; cat <&4; echo $?"},
		{Text: "kill -9 $$; exit 3"}, {Text: "echo a; kill $$; exit 3"}, {Text: "kill $$"}, {Text: "sh -c 'exit 137'"},
		{Text: "kill -s HUP 0; sleep 1; sleep 1"}, {Text: "trap 'echo trapped' EXIT; echo body"},
		{Text: "nosuch"}, {Text: "exec nosuch"}, {Text: "./nosuch -x"}, {Text: dir}, {Text: "true | nosuch"}, {Text: "exit 127"}, {Text: "sh -c 'exit 126'"},
		{Text: "sleep 0 & wait; echo waited"}, {Text: "env sleep 3 & echo left"}, {Text: "(sleep 1; echo late) & echo now; echo now >&2"},
		{Text: "echo 'x\ty' \\\\ '\\n'; printf '\\000\\377'"}, {Text: "head -c 100000 /dev/zero | tr '\\000' x"}, {Text: "echo $PPID >/dev/null; set -- a b; echo $2"},
	}
	for _, h := range hostile {
		scripts = append(scripts, Script{Text: h.script})
	}
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			b := withShell(t, name)
			tell := func(s Script, o Output, nonce string, err error) string {
				if err == nil {
					err = s.notRun(&o, nonce)
				}
				text := fmt.Sprintf("%q %q %v %v %v %q", o.Stdout, o.Stderr, o.Status, o.Truncated, err, o.NotExecuted())
				return lineNumber.ReplaceAllString(text, "LINE")
			}
			for _, s := range scripts {
				sh, err := openOnce(t.Context(), b)
				g.Expect(err).NotTo(HaveOccurred())
				out, err := sh.run(t.Context(), s.compose(sh.nonce), 2*time.Minute)
				want := tell(s, out, sh.nonce, err)
				t.Cleanup(sh.release)
				out, nonce, err := s.runAlone(t.Context(), b.(backends.Runner), 2*time.Minute)
				g.Expect(tell(s, out, nonce, err)).To(Equal(want), "%q", s.Text)
			}
		})
	}
}

// TestRunAlone_NothingIsLeft is TestReap_NothingIsLeft without a watchdog.
func TestRunAlone_NothingIsLeft(t *testing.T) {
	if !rig.Isolate(t) {
		return
	}
	after := filepath.Join(t.TempDir(), "after")
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b, before := withShell(t, name), everybody(t)
			for _, script := range hangingScripts(name, after) {
				for _, limit := range []time.Duration{20 * time.Millisecond, 500 * time.Millisecond} {
					_, _, err := Script{Text: "echo so far; " + script}.runAlone(t.Context(), b.(backends.Runner), limit)
					g.Expect(err).To(MatchError(errDeadline), script)
					g.Eventually(func() string { return everybody(t) }, "2m").Should(Equal(before), "%v %s", limit, script)
					g.Expect(after).NotTo(BeAnExistingFile(), "what is killed does not go on: "+script)
				}
			}
		})
	}
}

func TestRunAlone_IsNotSeenInLists(t *testing.T) {
	g := NewWithT(t)
	b := withShell(t, "dash")
	s := Script{Text: "secret=hunter22; tr '\\000' '\\n' </proc/$$/cmdline; cat /proc/$$/environ; sleep 1; cat /proc/[0-9]*/cmdline"}
	out, _, err := s.runAlone(t.Context(), b.(backends.Runner), 2*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(out.Stdout)).To(BeNumerically(">", 1000))
	g.Expect(string(out.Stdout)).NotTo(ContainSubstring("hunter22"))
}

// TestRun_ARunnerOpensNoShell counts what a command needs.
func TestRun_ARunnerOpensNoShell(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	target.Expect(Identity{}, 3)
	out, _, err := target.Run(t.Context(), Identity{}, Script{Text: "echo $PPID", Timeout: 2 * time.Minute})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out.Stdout)).To(Equal(fmt.Sprintln(os.Getpid())))
	g.Expect(target.Stats()).To(Equal(Stats{Connections: 1, Commands: 1}))
}
