package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParseDpkgStatus reads /var/lib/dpkg/status, the database of dpkg(1): stanzas as
// deb-control(5) has them, with a field Status. Of a package that is installed for
// several architectures each has a stanza of its own.
func ParseDpkgStatus(r io.Reader) ([]Package, error) { return parseDpkg(r, false) }

// ParseDpkgStatusD reads a file of /var/lib/dpkg/status.d, which images without
// dpkg have, such as distroless ones: there the control file of each package
// is a file of its own. They have no Status, and are there because they are
// installed.
func ParseDpkgStatusD(r io.Reader) ([]Package, error) { return parseDpkg(r, true) }

func parseDpkg(r io.Reader, installed bool) ([]Package, error) {
	var out []Package
	err := eachStanza(r, func(field func(name string) string) error {
		p := Package{Name: field("package"), Version: field("version"), Architecture: field("architecture"), Status: field("status")}
		if p.Name == "" {
			return fmt.Errorf("a stanza without a Package")
		}
		words := strings.Fields(p.Status)
		switch {
		case len(words) == 3:
			p.Installed = words[2] == "installed"
		case installed && p.Status == "":
			p.Installed = true
		default:
			return fmt.Errorf("package %.80q: want a status of three words, got %.80q", p.Name, p.Status)
		}
		if p.Installed && p.Version == "" {
			return fmt.Errorf("package %.80q is installed and has no version", p.Name)
		}
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("dpkg: %w", err)
	}
	return out, nil
}

// eachStanza reads the syntax of deb-control(5): lines "Name: value", lines that
// begin with a blank and continue the one before, and empty lines between stanzas.
// Names of fields do not mind the case, and are asked for in lower case. Of what is
// continued only the first line is kept.
func eachStanza(r io.Reader, each func(field func(name string) string) error) error {
	fields := map[string]string{}
	end := func() error {
		if len(fields) == 0 {
			return nil
		}
		err := each(func(name string) string { return fields[name] })
		clear(fields)
		return err
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20) // lists of what a package depends on are one line
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.TrimSpace(line) == "":
			if err := end(); err != nil {
				return fmt.Errorf("before line %d: %w", n, err)
			}
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if len(fields) == 0 {
				return fmt.Errorf("line %d continues nothing: %.80q", n, line)
			}
		case !ok || name == "" || strings.ContainsAny(name, " \t"):
			return fmt.Errorf("line %d: want a name, a colon and a value, got %.80q", n, line)
		default:
			name = strings.ToLower(name)
			if _, twice := fields[name]; twice {
				return fmt.Errorf("line %d: the stanza has a second %s", n, name)
			}
			fields[name] = strings.TrimSpace(value)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	return end()
}
