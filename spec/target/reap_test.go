package target

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// everybody lists the processes of this PID namespace with their states. Its first
// process is this test, which waits for nobody but its own children: what they leave
// behind stays as zombies.
func everybody(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || f == "/proc/1/stat" {
			continue // it has ended meanwhile
		}
		out = append(out, strings.Join(strings.Fields(string(text))[:5], " "))
	}
	return strings.Join(out, "\n")
}

// hangingScripts do not end by themselves, and make the file after when they go on after
// what they wait for was killed.
func hangingScripts(shell, after string) []string {
	all := []string{
		"sleep 300",
		"sleep 300; touch " + after,
		"while :; do sleep 300; done",
		"(sleep 300; touch " + after + ") | cat",
		"sh -c 'sh -c \"sleep 300; touch " + after + "\"; touch " + after + "'",
		"sleep 300 & sleep 300 & sleep 300; touch " + after,
		"while :; do :; done",
	}
	if shell == "ksh93" {
		// It does not wait for the left side of a pipe, nor for jobs.
		all = slices.DeleteFunc(all, func(s string) bool { return strings.ContainsAny(s, "|&") })
	}
	return all
}

// TestReap_NothingIsLeft ends shells in every way, and looks for what is left of them
// where nobody waits for orphans.
func TestReap_NothingIsLeft(t *testing.T) {
	if !rig.Isolate(t) {
		return
	}
	after := filepath.Join(t.TempDir(), "after")
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b, before := withShell(t, name), everybody(t)
			nobody := func(what string) {
				g.Eventually(func() string { return everybody(t) }, "2m").Should(Equal(before), what)
			}
			s, _, err := openShell(t.Context(), b, ":")
			g.Expect(err).NotTo(HaveOccurred())
			_, _, err = s.ask(t.Context(), inWords("echo"), within(20*time.Second), func(int, Output) {})
			g.Expect(err).NotTo(HaveOccurred())
			s.close()
			nobody("an idle shell")
			_, err = runOnce(t, b, Script{Text: "true"}, 20*time.Second)
			g.Expect(err).NotTo(HaveOccurred())
			nobody("a command")
			for _, script := range hangingScripts(name, after) {
				sh, err := openOnce(t.Context(), unkillable{b})
				g.Expect(err).NotTo(HaveOccurred())
				out, err := sh.run(t.Context(), Script{Text: "echo so far; " + script}.compose(sh.nonce), 500*time.Millisecond)
				g.Expect(err).To(MatchError(errDeadline), script)
				g.Expect("so far\n").To(HavePrefix(string(out.Stdout)), script) // a busy machine may not come so far
				nobody("a command that hangs: " + script)
				g.Expect(after).NotTo(BeAnExistingFile(), "what is killed does not go on: "+script)
			}
			s, _, err = openShell(t.Context(), unkillable{b}, ":")
			g.Expect(err).NotTo(HaveOccurred())
			_, _, err = s.ask(t.Context(), inWords("sleep 300; true"), within(500*time.Millisecond), func(int, Output) {})
			g.Expect(err).To(MatchError(errDeadline))
			nobody("a question that hangs")
		})
	}
}
