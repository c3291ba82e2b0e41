package resource

import (
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/target"
)

// What grep could not read at all must not be taken for processes that are not there.
func TestParseProcesses_TellsWhatIsNotWhole(t *testing.T) {
	const one = "/proc/7/status:Name:\tx\n/proc/7/status:State:\tS (sleeping)\n/proc/7/status:Uid:\t0\t0\t0\t0\n"
	for name, c := range map[string]struct {
		stdout string
		code   int
		ok     bool
	}{
		"whole":              {"1\n" + one + "\nEXES 0\n\nARGUMENTS\n", 0, true},
		"some have ended":    {"1\n" + one + "\nEXES 2\n\nARGUMENTS\n", 2, true},
		"no arguments":       {"1\n" + one + "\nEXES 0\n\nARGUMENTS\n", 1, true},
		"grep of status":     {"1\n" + one + "\nEXES 137\n\nARGUMENTS\n", 0, false},
		"grep of arguments":  {"1\n" + one + "\nEXES 0\n\nARGUMENTS\n", 3, false},
		"no status of grep":  {"1\n" + one + "\nEXES \n\nARGUMENTS\n", 0, false},
		"no arguments part":  {"1\n" + one + "\nEXES 0\n", 0, false},
		"no process":         {"1\n\nEXES 0\n\nARGUMENTS\n", 0, false},
		"no shell's own PID": {"\n" + one + "\nEXES 0\n\nARGUMENTS\n", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := parseProcesses(target.System{}, target.Output{Stdout: []byte(c.stdout), Status: backends.Status{Code: c.code}})
			if (err == nil) != c.ok || c.ok && len(table.processes) != 1 {
				t.Errorf("got %v, %v", table.processes, err)
			}
		})
	}
}
