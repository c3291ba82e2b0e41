package fact

import (
	"bufio"
	"fmt"
	"io"
)

// ParseApkInstalled reads the database of Alpine's packages, usually
// /lib/apk/db/installed: blocks of lines "LETTER:VALUE", parted by empty lines,
// in which P is the name, V the version and A the architecture
// (apk-installed(5)). Lines with other letters are passed over.
func ParseApkInstalled(r io.Reader) ([]Package, error) {
	var out []Package
	var p Package
	end := func() error {
		if p == (Package{}) {
			return nil
		}
		if p.Name == "" || p.Version == "" {
			return fmt.Errorf("apk: a package without a name or a version: %q %q", p.Name, p.Version)
		}
		p.Installed, p.Status = true, "installed"
		out, p = append(out, p), Package{}
		return nil
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if line == "" {
			if err := end(); err != nil {
				return nil, err
			}
			continue
		}
		if len(line) < 2 || line[1] != ':' {
			return nil, fmt.Errorf("apk, line %d: want a letter and a colon, got %q", n, line)
		}
		switch value := line[2:]; line[0] {
		case 'P':
			p.Name = value
		case 'V':
			p.Version = value
		case 'A':
			p.Architecture = value
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("apk: %w", err)
	}
	return out, end()
}
