package target

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
)

// runOnce runs one script in a shell of its own.
func runOnce(t *testing.T, b backends.Backend, s Script, timeout time.Duration) (Output, error) {
	t.Helper()
	sh, err := openOnce(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer sh.release()
	return sh.run(t.Context(), s.compose(sh.nonce), timeout)
}

func TestOnce_HostileCommands(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			for _, h := range hostile {
				out, err := runOnce(t, b, Script{Text: h.script}, 2*time.Minute)
				g.Expect(err).NotTo(HaveOccurred(), h.script)
				if h.stdout != anything {
					g.Expect(string(out.Stdout)).To(Equal(h.stdout), h.script)
				}
			}
		})
	}
}

func TestOnce_Commands(t *testing.T) {
	tests := []struct {
		script         Script
		stdout, stderr string
		code           int
	}{
		{Script{Text: "printf out; printf err >&2; exit 7"}, "out", "err", 7},
		{Script{Text: "cat <<EOF\n.\n:\n: a  b\\\n  c\\\\d\nEOF"}, ".\n:\n: a  b  c\\d\n", "", 0},
		{Script{Text: "\n\n:\n.  /dev/null\necho 'a\n\n'"}, "a\n\n\n", "", 0},
		{Script{Text: "cat"}, "", "", 0},
		{Script{Text: "cat <&3 || echo closed"}, "closed\n", "", 0},
		{Script{Text: "cat; echo .", Stdin: []byte("in\x00\xff\n.\n")}, "in\x00\xff\n.\n.\n", "", 0},
		{Script{Text: "wc -c", Stdin: []byte(strings.Repeat("0123456789", 30_000))}, "300000\n", "", 0},
		{Script{Text: "sleep 0 & wait; echo waited"}, "waited\n", "", 0},
		{Script{Text: `echo "[$N$s$h$c$k$l]"`}, "[]\n", "", 0},
		{Script{Text: "pwd; echo $A", Dir: "/usr", Env: []string{"A=x y"}}, "/usr\nx y\n", "", 0},
		{Script{Text: "echo before; kill -9 $$; exit 3"}, "before\n", "", 137},
	}
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			for _, x := range tests {
				out, err := runOnce(t, b, x.script, 2*time.Minute)
				g.Expect(err).NotTo(HaveOccurred(), x.script.Text)
				g.Expect(string(out.Stdout)).To(Equal(x.stdout), x.script.Text)
				if !strings.Contains(x.script.Text, "<&3") { // each shell has words of its own
					g.Expect(string(out.Stderr)).To(Equal(x.stderr), x.script.Text)
				}
				g.Expect(out.Status.Code).To(Equal(x.code), x.script.Text)
			}
		})
	}
}

// unkillable is a backend that kills nothing by itself.
type unkillable struct{ backends.Backend }

func (b unkillable) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	return b.Backend.Start(context.WithoutCancel(ctx), c)
}

func TestOnce_LeavesAloneOrKills(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := withShell(t, name)
			// By env, since the sleep of ksh93 is no program.
			mark := fmt.Sprintf("%d.%09d", 20+len(name), time.Now().Nanosecond())
			out, err := runOnce(t, b, Script{Text: "env sleep " + mark + " >/dev/null 2>&1 & echo $!"}, 2*time.Minute)
			g.Expect(err).NotTo(HaveOccurred())
			// While env becomes sleep it has no command line.
			g.Eventually(func() string { return processes(t, mark) }, "2m").Should(ContainSubstring(" sleep\x00"))
			g.Consistently(func() string { return processes(t, mark) }, "300ms").ShouldNot(BeEmpty(), "left alone")
			_, err = runOnce(t, b, Script{Text: "kill " + string(out.Stdout)}, 2*time.Minute)
			g.Expect(err).NotTo(HaveOccurred())
			g.Eventually(func() string { return processes(t, mark) }, "2m").Should(BeEmpty())

			sh, err := openOnce(t.Context(), unkillable{b})
			g.Expect(err).NotTo(HaveOccurred())
			out, err = sh.run(t.Context(), "echo so far; env sleep "+mark+" & env sleep "+mark, 5*time.Second)
			g.Expect(err).To(MatchError(errDeadline))
			g.Expect(string(out.Stdout)).To(Equal("so far\n"))
			g.Eventually(func() string { return processes(t, mark) }, "2m").Should(BeEmpty(), "killed at the deadline")
		})
	}
}

func TestOnce_UnusedEndsWithItsInput(t *testing.T) {
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			s, err := openOnce(t.Context(), withShell(t, name))
			if err != nil {
				t.Fatal(err)
			}
			s.kill()
			NewWithT(t).Eventually(s.done, "2m").Should(BeClosed())
		})
	}
}
