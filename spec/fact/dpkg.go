package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A Package is what a package manager's database says about one package.
type Package struct {
	Name         string
	Version      string // the full version: "1:1.22.1-9+deb12u3"
	Architecture string // "amd64", "all"
	Installed    bool   // false for one that was removed and left its configuration
	Status       string // as the manager says it: "install ok installed"
}

// ParseDpkgQuery reads the lines of
//
//	dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${Status}\n'
//
// Status is three words, of which the last says what is on the disk
// (dpkg-query(1), "package states"). A package that is on hold is installed; one
// with its configuration alone left ("rc") is not. Of a package that is installed
// for several architectures each has a line of its own.
func ParseDpkgQuery(r io.Reader) ([]Package, error) {
	var out []Package
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		f := strings.Split(s.Text(), "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("dpkg-query, line %d: want 4 fields, got %q", n, s.Text())
		}
		words := strings.Fields(f[3])
		if len(words) != 3 {
			return nil, fmt.Errorf("dpkg-query, line %d: want a status of three words, got %q", n, f[3])
		}
		out = append(out, Package{Name: f[0], Architecture: f[1], Version: f[2], Status: f[3], Installed: words[2] == "installed"})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("dpkg-query: %w", err)
	}
	return out, nil
}
