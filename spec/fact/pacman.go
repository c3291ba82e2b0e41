package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParsePacmanQuery reads the lines "NAME VERSION" of pacman -Q and, after an empty
// line, the blocks "Key : value" of pacman -Qi for some of these packages, which
// tell the architecture (pacman(8)). A package without a block has none.
func ParsePacmanQuery(r io.Reader) ([]Package, error) {
	var out []Package
	places := map[string]int{}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan() && s.Text() != ""; n++ {
		name, version, ok := strings.Cut(s.Text(), " ")
		if !ok || name == "" || version == "" || strings.Contains(version, " ") {
			return nil, fmt.Errorf("pacman -Q, line %d: want a name and a version, got %q", n, s.Text())
		}
		places[name] = len(out)
		out = append(out, Package{Name: name, Version: version, Installed: true, Status: "installed"})
	}
	name := ""
	for s.Scan() {
		key, value, ok := strings.Cut(s.Text(), " : ")
		if !ok || strings.HasPrefix(key, " ") { // values may go on in the next line
			continue
		}
		switch strings.TrimSpace(key) {
		case "Name":
			name = value
		case "Architecture":
			if i, ok := places[name]; ok {
				out[i].Architecture = value
			}
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("pacman: %w", err)
	}
	return out, nil
}
