package matchers_test

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// TestFailuresShowTheNearestLine looks for an option in a file that begins with
// something else.
func TestFailuresShowTheNearestLine(t *testing.T) {
	a := askerFor(t, "local://")
	path := t.TempDir() + "/sshd_config"
	head := strings.Repeat("# this is the server's configuration, of which much is said\n", 20)
	text := head + "Port 22\nPermitRootLogin yes\nX11Forwarding no\nkey=\"q\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file := resource.NewFile(a, path)
	command := resource.NewCommand(a, "cat "+path)
	for _, c := range []struct {
		matcher   types.GomegaMatcher
		negated   bool
		says      string
		near      string
		ofCommand bool
	}{
		{HaveContent(MatchRegexp("(?m)^PermitRootLogin no$")), false, `should have content matching "(?m)^PermitRootLogin no$"`, "line 22: PermitRootLogin yes", false},
		{HaveContent(MatchRegexp(`(?m)^\s*PermitRootLogin\s+(no|prohibit-password)`)), false, "", "line 22: PermitRootLogin yes", false},
		{HaveContent(ContainSubstring("PermitRootLogin no")), false, `should have content containing "PermitRootLogin no"`, "line 22: PermitRootLogin yes", false},
		{HaveContent(And(ContainSubstring("Port"), ContainSubstring("X11Forwarding yes"))), false,
			`should have content containing "Port" and containing "X11Forwarding yes"`, "line 23: X11Forwarding no", false},
		{HaveContent(Or(ContainSubstring("PortX 22"), MatchRegexp("X11Forwarding off"))), false, "", "line 23: X11Forwarding no", false},
		{HaveContent(Not(ContainSubstring("X11Forwarding"))), false, `should have content not containing "X11Forwarding"`, "line 23: X11Forwarding no", false},
		{HaveContent(Equal(head + "Port 23\n")), false, "should have content equal to", "line 21: Port 22\n           wanted: Port 23", false},
		{HaveContent(MatchRegexp("(?m)^PermitRoot.*$")), true, `should not have content matching`, "line 22: PermitRootLogin yes", false},
		{HaveContent("PermitRootLogin no"), false, `should have content containing "PermitRootLogin no"`, "line 22: PermitRootLogin yes", false},
		{HaveStdout(MatchRegexp("PermitRootLogin no")), false, `should have stdout matching "PermitRootLogin no"`, "line 22: PermitRootLogin yes", true},
	} {
		var subject any = file
		if c.ofCommand {
			subject = command
		}
		got := resourcetest.Failure(subject, c.matcher, c.negated)
		if !strings.Contains(got, c.says) || !strings.Contains(got, c.near) || !c.ofCommand && strings.Contains(got, "configuration") && !strings.Contains(c.says, "equal") {
			t.Errorf("want %q and %q, got\n%s", c.says, c.near, got)
		}
	}
}
