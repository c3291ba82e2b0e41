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
	text := head + "Port 22\nPermitRootLogin yes\nX11Forwarding no\nkey=\"q\"\nload 100%\n"
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
		{HaveStdout(ContainSubstring("# this is the server")), true, "", "line 1: # this is the server", true},
		{HaveContent(ContainSubstring("load 100%")), true, "", "line 25: load 100%", false},
		{HaveContent(ContainSubstring("X11%s %s", "Forwarding", "no")), true, "", "line 23: X11Forwarding no", false},
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

// Nothing is near in a text that an answer shows as a whole.
func TestShortTextsAreShownWhole(t *testing.T) {
	a := askerFor(t, "local://")
	for size, near := range map[int]bool{200: false, 201: true} {
		text := "Port 22\nPermitRootLogin yes\n"
		path := t.TempDir() + "/sshd_config"
		if err := os.WriteFile(path, []byte(text+strings.Repeat("#", size-len(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		got := resourcetest.Failure(resource.NewFile(a, path), HaveContent(ContainSubstring("PermitRootLogin no")), false)
		if strings.Contains(got, "line 2: PermitRootLogin yes") != near {
			t.Errorf("of %d bytes:\n%s", size, got)
		}
	}
}
