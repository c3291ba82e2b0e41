package resource

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/target"
)

// getents are programs in the place of getent: that of glibc, one that ends at the first
// name that is not there, one that looks at no other name, one that finds and does not tell.
var getents = map[string]string{
	"glibc": "exec /usr/bin/getent \"$@\"",
	"ends":  `d=$1; shift; for n; do /usr/bin/getent $d "$n" || exit; done`,
	"first": `exec /usr/bin/getent "$1" "$2"`,
	"mute":  `/usr/bin/getent "$@" >/dev/null`,
}

// TestLookupScript_TellsWhoseEntryIsWhose compares with what is told about each name that is
// asked alone of glibc's getent. Of those that do not tell all, nothing wrong is told.
func TestLookupScript_TellsWhoseEntryIsWhose(t *testing.T) {
	for kind, program := range getents {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "getent"), []byte("#!/bin/dash\n"+program+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, shell := range [][]string{{"dash"}, {"bash"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
			for _, names := range [][]string{{"root"}, {"nope"}, {"root", "daemon", "bin"}, {"root", "nope", "bin"}, {"nope", "root"}, {"nope", "neither"}, {"it's", "root"}} {
				t.Run(kind+" "+strings.Join(shell, " ")+" "+strings.Join(names, " "), func(t *testing.T) {
					cmd := exec.Command(shell[0], append(slices.Clone(shell[1:]), "-c", lookupScript("passwd", names))...)
					cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
					out, err := cmd.Output()
					if err != nil {
						t.Fatal(err)
					}
					l, err := parseLookup(out)
					if err != nil {
						t.Fatal(err)
					}
					for i, name := range names {
						want, _ := exec.Command("/usr/bin/getent", "passwd", name).Output() // of none there is nothing
						got, err := l.entry(i, len(names))
						sure := kind == "glibc" || kind == "ends"
						switch {
						case err == nil && string(got) != string(want), err != nil && sure:
							t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
						case kind == "first" && slices.Equal(names, []string{"root", "daemon", "bin"}) && !errors.Is(err, target.ErrLater):
							t.Errorf("%s: got %q, %v; want it to be asked alone", name, got, err)
						}
					}
				})
			}
		}
	}
}
