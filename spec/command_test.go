package spec_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec"
)

// Two looks around a change see it: in a plain test a command runs at each question.
func TestCommand_RunsAtEachLookOfAPlainTest(t *testing.T) {
	t.Setenv("HOSTSPEC_TARGET", "local://")
	counter := filepath.Join(t.TempDir(), "counter")
	for name, c := range map[string]interface {
		Stdout() (string, error)
	}{
		"a command":                     spec.Command("echo run >>" + counter + "; wc -l <" + counter),
		"one that changes nothing else": spec.Command("echo run >>" + counter + "; wc -l <" + counter).ReadOnly(),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			first, err := c.Stdout()
			g.Expect(err).NotTo(HaveOccurred())
			second, err := c.Stdout()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(second).NotTo(Equal(first))
			g.Expect(c).NotTo(matchers.HaveStdout(second))
		})
	}
}

// A command whose program is not there has not answered, unless this is what is asked for.
func TestCommand_WithoutItsProgram(t *testing.T) {
	t.Setenv("HOSTSPEC_TARGET", "local://")
	for _, script := range []string{"no-such-program -n x", "true && no-such-program", "/etc/passwd", "/no/such/program"} {
		c := spec.Command(script).ReadOnly()
		for _, m := range []interface {
			Match(any) (bool, error)
		}{matchers.ExitWith(0), matchers.ExitWith(1), matchers.HaveStdout("x"), matchers.HaveStderr("found")} {
			if _, err := m.Match(c); err == nil {
				t.Errorf("%s: %v was answered", script, m)
			}
		}
		if _, err := c.Stdout(); err == nil {
			t.Errorf("%s: its output was answered", script)
		}
	}
	g := NewWithT(t)
	g.Expect(spec.Command("no-such-program")).To(matchers.ExitWith(127))
	g.Expect(spec.Command("/etc/passwd")).To(matchers.ExitWith(126))
	g.Expect(spec.Command("exit 127")).NotTo(matchers.ExitWith(0))
	g.Expect(spec.Command("echo x; exit 126")).To(matchers.HaveStdout("x"))
}
