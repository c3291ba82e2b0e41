package fact

import (
	"fmt"
	"strings"
)

// ParseParameters reads what grep -H with an empty pattern prints about files below
// /proc/sys (proc(5)): "PATH:LINE" for each line of a file. It returns the values by
// the names that sysctl(8) has for them, with a dot for each slash; a dot within a
// name, as in that of a VLAN's interface, becomes a slash there. Lines of a value
// are parted by newlines.
func ParseParameters(text string) (map[string]string, error) {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		path, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		name, ok2 := ParameterName(path)
		if !ok || !ok2 {
			return nil, fmt.Errorf("/proc/sys: want PATH:VALUE, got %.80q", line)
		}
		if before, again := out[name]; again {
			value = before + "\n" + value
		}
		out[name] = value
	}
	return out, nil
}

// ParameterName is what sysctl(8) calls a file below /proc/sys.
func ParameterName(path string) (name string, ok bool) {
	name, ok = strings.CutPrefix(path, "/proc/sys/")
	if !ok || name == "" {
		return "", false
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '/':
			return '.'
		case '.':
			return '/'
		}
		return r
	}, name), true
}
