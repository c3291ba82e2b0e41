package target

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
)

// exporting is a backend whose processes find more variables.
type exporting struct {
	backends.Backend
	env []string
}

func (b exporting) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	c.Env = append(c.Env, b.env...)
	return b.Backend.Start(ctx, c)
}

// ours are names of variables that shell text of ours uses, or might.
var ours = strings.Fields("N s h c k l p e d g i t u x me top keep all")

func TestOnce_VariablesReachTheCommand(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			// By author, and by shells that keep some of them for themselves.
			text, want, env := "", "", []string(nil)
			for _, v := range append(ours, "UID", "EUID", "IFS", "CDPATH", "HOME", "OLDPWD") {
				env = append(env, v+"=1 '2")
				text += `echo "` + v + `: $` + v + ` $(env | grep "^` + v + `=")"` + "\n"
				want += v + ": 1 '2 " + v + "=1 '2\n"
			}
			out, err := runOnce(t, b, Script{Text: text, Env: env}, 30*time.Second)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stderr)).To(BeEmpty())
			g.Expect(string(out.Stdout)).To(Equal(want))

			var exported []string
			text, want = "", ""
			for _, v := range ours {
				exported = append(exported, v+"=image")
				text += "env | grep '^" + v + "='; "
				want += v + "=image\n"
			}
			out, err = runOnce(t, exporting{b, exported}, Script{Text: text + "env | grep -c -e '[A-Z2-7]\\{26\\}'"}, 30*time.Second)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stdout)).To(Equal(want+"0\n"), "what the image has stays, and nothing of ours is added")

			s, _, err := openShell(t.Context(), exporting{b, exported}, ":")
			g.Expect(err).NotTo(HaveOccurred())
			defer s.close()
			_, _, err = s.ask(t.Context(), inWords(":", text+"env | grep -c -e '[A-Z2-7]\\{26\\}'"), within(30*time.Second), func(_ int, o Output) { out = o })
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stdout)).To(Equal(want + "0\n"))
		})
	}
}

// TestOnce_SaysWhatItDidNotRun wants that no exit code is an answer where the command was
// not run.
func TestOnce_SaysWhatItDidNotRun(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			run := func(s Script) error {
				sh, err := openOnce(t.Context(), b)
				g.Expect(err).NotTo(HaveOccurred())
				defer sh.release()
				out, err := sh.run(t.Context(), s.compose(sh.nonce), 30*time.Second)
				g.Expect(err).NotTo(HaveOccurred())
				return s.notRun(&out, sh.nonce)
			}
			g.Expect(run(Script{Text: "exit 1", Dir: filepath.Join(t.TempDir(), "none"), Env: []string{"N=1"}})).To(MatchError(ErrNoDir))
			g.Expect(run(Script{Text: "exit 1", Dir: "-", Env: []string{"OLDPWD=/"}})).To(MatchError(ErrNoDir))
			g.Expect(run(Script{Text: "exit 1", Dir: "lib", Env: []string{"CDPATH=/usr"}})).To(MatchError(ErrNoDir))
			g.Expect(run(Script{Text: "cat", Stdin: []byte("x"), Env: []string{"PATH=/nonexistent:/usr/bin"}})).To(Succeed())
			if name == "bash" {
				g.Expect(run(Script{Text: "exit 1", Env: []string{"PPID=5"}})).To(MatchError(ContainSubstring("keeps one of the variables")))
				g.Expect(run(Script{Text: "exit 1", Env: []string{"SHELLOPTS=5"}})).To(MatchError(ContainSubstring("keeps one of the variables")))
			}
		})
	}
}

func TestOutput_NotExecuted(t *testing.T) {
	dir := t.TempDir()
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			for _, x := range []struct {
				text string
				own  bool
			}{
				{"nosuch", true}, {"nosuch -x 2>&1", true}, {"true; nosuch", true}, {"exec nosuch", true},
				{"./nosuch", true}, {dir, true}, {"/etc/passwd", true}, {"true | nosuch", true},
				{"exit 127", false}, {"exit 126", false}, {"sh -c 'exit 127'", false}, {"sh -c 'exit 127' 2>/dev/null", false},
				{"echo 'x: not found' >&2; exit 127", false}, {"nosuch; true", false},
			} {
				out, err := runOnce(t, b, Script{Text: x.text}, 30*time.Second)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(out.NotExecuted() != "").To(Equal(x.own), "%s: %v %q %q", x.text, out.Status, out.Stdout, out.Stderr)
				g.Expect(out.NotExecuted()).NotTo(ContainSubstring("eval"))
			}
		})
	}
}
