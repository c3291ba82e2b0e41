package fact

import (
	"fmt"
	"strings"
)

// ParseExtendedStates reads /var/lib/apt/extended_states (deb-control(5) syntax) and
// returns the packages that apt has installed for others only: Auto-Installed: 1.
func ParseExtendedStates(text string) ([]string, error) {
	var out []string
	for stanza := range strings.SplitSeq(text, "\n\n") {
		name, auto := "", false
		for line := range strings.Lines(stanza) {
			key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			if !ok && strings.TrimSpace(line) != "" {
				return nil, fmt.Errorf("extended_states: want KEY: VALUE, got %.100q", line)
			}
			switch value = strings.TrimSpace(value); key {
			case "Package":
				name = value
			case "Auto-Installed":
				auto = value == "1"
			}
		}
		if auto && name != "" {
			out = append(out, name)
		}
	}
	return out, nil
}
