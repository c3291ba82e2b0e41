package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParsePerlModules reads lines "NAME\tVERSION", one for each module that Perl can
// find. A module that does not tell its version has an empty one.
func ParsePerlModules(r io.Reader) ([]Package, error) {
	var out []Package
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		name, version, ok := strings.Cut(s.Text(), "\t")
		if !ok || name == "" {
			return nil, fmt.Errorf("perl, line %d: want a module and a version, got %q", n, s.Text())
		}
		out = append(out, Package{Name: name, Version: version, Installed: true, Status: "installed"})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("perl: %w", err)
	}
	return out, nil
}

// CPANVersions are the rules of version(3perl). With a "v", or with two dots and
// more, a version is a list of numbers; else it is a decimal number of which each
// three digits behind the dot make one more: 1.02 is v1.20, and 1.0203 is v1.20.300.
type CPANVersions struct{}

var cpanVersion = pattern(`^(?:v?[0-9]+|v?[0-9]+(?:\.[0-9]+)+(?:_[0-9]+)?)$`)

// Split takes all of the version for the upstream part; modules have nothing else.
func (CPANVersions) Split(version string) (epoch, upstream, release string, err error) {
	if !cpanVersion().MatchString(version) {
		return "", "", "", fmt.Errorf("%q is not a valid version of a Perl module", version)
	}
	return "", version, "", nil
}

// Join puts together what Split cuts.
func (CPANVersions) Join(_, upstream, _ string) string { return upstream }

// Compare compares as version(3perl) does.
func (v CPANVersions) Compare(a, b string) (int, error) {
	for _, version := range []string{a, b} {
		if _, _, _, err := v.Split(version); err != nil {
			return 0, err
		}
	}
	numbersA, numbersB := cpanNumbers(a), cpanNumbers(b)
	for i := range max(len(numbersA), len(numbersB)) {
		var numberA, numberB string
		if i < len(numbersA) {
			numberA = numbersA[i]
		}
		if i < len(numbersB) {
			numberB = numbersB[i]
		}
		if order := compareNumbers(numberA, numberB); order != 0 {
			return order, nil
		}
	}
	return 0, nil
}

// cpanNumbers is the list of numbers that a version means. An underscore says that
// it is one to try, and does not count.
func cpanNumbers(version string) []string {
	version = strings.ReplaceAll(version, "_", "")
	bare, dotted := strings.CutPrefix(version, "v")
	numbers := strings.Split(bare, ".")
	if dotted || len(numbers) != 2 {
		return numbers
	}
	out := numbers[:1]
	for digits := numbers[1]; digits != ""; {
		group := (digits + "00")[:3]
		out = append(out, group)
		digits = digits[min(3, len(digits)):]
	}
	return out
}
