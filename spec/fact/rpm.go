package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParseRPMQuery reads the lines of
//
//	rpm -qa --qf '%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n'
//
// A package without an epoch has "(none)" there (rpm-queryformat(7)), and one may
// be installed in several versions at once. An epoch of 0 is the same as none,
// and is left out of Version.
func ParseRPMQuery(r io.Reader) ([]Package, error) {
	var out []Package
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		f := strings.Split(s.Text(), "\t")
		if len(f) != 5 || f[0] == "" || f[2] == "" || f[3] == "" {
			return nil, fmt.Errorf("rpm, line %d: want name, epoch, version, release and architecture, got %q", n, s.Text())
		}
		if f[1] == "(none)" || f[1] == "0" {
			f[1] = ""
		}
		if f[4] == "(none)" { // gpg-pubkey
			f[4] = ""
		}
		out = append(out, Package{Name: f[0], Version: joinEVR(f[1], f[2], f[3]), Architecture: f[4], Installed: true, Status: "installed"})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("rpm: %w", err)
	}
	return out, nil
}
