package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParseInstalled reads the list of all packages of a package manager:
//
//	dpkg    dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${Status}\n'
//	rpm     rpm -qa --qf '%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n'
//	apk     the file /lib/apk/db/installed (apk-installed(5))
//	pacman  pacman -Q
func ParseInstalled(manager string, r io.Reader) ([]Package, error) {
	var out []Package
	var add func(line string) (Package, bool, error)
	switch manager {
	case "dpkg":
		return ParseDpkgQuery(r)
	case "rpm":
		add = installedRPM
	case "pacman":
		add = installedPacman
	case "apk":
		add = (&apkBlocks{}).add
	default:
		return nil, fmt.Errorf("the packages of %q cannot be read", manager)
	}
	s := bufio.NewScanner(io.MultiReader(r, strings.NewReader("\n\n"))) // apk's last block may lack its end
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		p, ok, err := add(s.Text())
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", manager, n, err)
		}
		if ok {
			p.Installed, p.Status = true, "installed"
			out = append(out, p)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", manager, err)
	}
	return out, nil
}

func installedRPM(line string) (p Package, ok bool, err error) {
	if line == "" {
		return p, false, nil
	}
	f := strings.Split(line, "\t")
	if len(f) != 5 || f[0] == "" || f[2] == "" {
		return p, false, fmt.Errorf("want name, epoch, version, release and architecture, got %q", line)
	}
	p = Package{Name: f[0], Version: f[2] + "-" + f[3], Architecture: f[4]}
	if f[1] != "" && f[1] != "0" && f[1] != "(none)" {
		p.Version = f[1] + ":" + p.Version
	}
	if p.Architecture == "(none)" { // gpg-pubkey
		p.Architecture = ""
	}
	return p, true, nil
}

func installedPacman(line string) (p Package, ok bool, err error) {
	if line == "" {
		return p, false, nil
	}
	f := strings.Split(line, " ")
	if len(f) != 2 || f[0] == "" || f[1] == "" {
		return p, false, fmt.Errorf("want a name and a version, got %q", line)
	}
	return Package{Name: f[0], Version: f[1]}, true, nil
}

// apkBlocks gathers blocks of lines "LETTER:VALUE" that empty lines end.
type apkBlocks struct{ Package }

func (b *apkBlocks) add(line string) (p Package, ok bool, err error) {
	if line == "" {
		p, b.Package = b.Package, Package{}
		if p == (Package{}) {
			return p, false, nil
		}
		if p.Name == "" || p.Version == "" {
			return p, false, fmt.Errorf("a package without a name or a version: %q %q", p.Name, p.Version)
		}
		return p, true, nil
	}
	letter, value, found := strings.Cut(line, ":")
	if !found || len(letter) != 1 {
		return p, false, fmt.Errorf("want a letter and a colon, got %q", line)
	}
	switch letter {
	case "P":
		b.Name = value
	case "V":
		b.Version = value
	case "A":
		b.Architecture = value
	}
	return p, false, nil
}

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
