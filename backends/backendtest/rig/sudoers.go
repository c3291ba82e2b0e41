package rig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sudoers adds lines to sudoers(5) of this machine for the length of the test, after
// visudo has checked them. USER in a line stands for the account, which is all that
// they may speak of: "USER ALL=(ALL) NOPASSWD: ALL", "Defaults:USER requiretty".
func Sudoers(tb testing.TB, a *Account, lines ...string) {
	tb.Helper()
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "USER", a.Name)
	for line := range strings.Lines(text) {
		if !strings.Contains(line, a.Name) {
			tb.Fatalf("rig: this line of sudoers is not about the account alone: %s", line)
		}
	}
	// sudo passes over names with a point, so the file is there whole or not at all.
	file := filepath.Join("/etc/sudoers.d", "hostspec-"+a.Name)
	draft := file + ".new"
	tb.Cleanup(func() { _, _ = os.Remove(draft), os.Remove(file) })
	must(tb, os.WriteFile(draft, []byte(text), 0o440))
	run(tb, "", "visudo", "-c", "-q", "-f", draft)
	must(tb, os.Rename(draft, file))
}
