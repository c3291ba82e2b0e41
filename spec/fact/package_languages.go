package fact

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ParsePipList reads what pip list --format=json prints: a list of objects with
// name and version, sorted by nothing in particular.
func ParsePipList(r io.Reader) ([]Package, error) {
	var list []struct{ Name, Version string }
	if err := decodeOne(r, &list); err != nil {
		return nil, fmt.Errorf("pip list: %w", err)
	}
	var out []Package
	for _, p := range list {
		if p.Name == "" {
			return nil, fmt.Errorf("pip list: a package without a name")
		}
		out = append(out, Package{Name: p.Name, Version: p.Version, Installed: true, Status: "installed"})
	}
	return out, nil
}

// decodeOne decodes one JSON value, after which nothing else may stand.
func decodeOne(r io.Reader, value any) error {
	d := json.NewDecoder(r)
	if err := d.Decode(value); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind it")
	}
	return nil
}

var pipSeparators = pattern(`[-_.]+`)

// PipName is the normalised form of a Python package's name, in which Foo_Bar is
// the same as foo-bar (PEP 503).
func PipName(name string) string {
	return strings.ToLower(pipSeparators().ReplaceAllString(name, "-"))
}

// ParseGemList reads the lines "NAME (VERSION, VERSION)" of gem list --local, the
// newest first. A version may have "default: " before it, for a gem that comes
// with Ruby, and behind it the platforms it was built for, of which the last
// becomes the Architecture unless it is "ruby", which means any.
func ParseGemList(r io.Reader) ([]Package, error) {
	var out []Package
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "*** ") && strings.HasSuffix(line, " ***") {
			continue
		}
		name, rest, ok := strings.Cut(line, " (")
		versions, ok2 := strings.CutSuffix(rest, ")")
		if !ok || !ok2 || name == "" {
			return nil, fmt.Errorf("gem list, line %d: want a name and versions in brackets, got %q", n, line)
		}
		for version := range strings.SplitSeq(versions, ", ") {
			words := strings.Fields(strings.TrimPrefix(version, "default: "))
			if len(words) == 0 {
				return nil, fmt.Errorf("gem list, line %d: a version is missing in %q", n, line)
			}
			p := Package{Name: name, Version: words[0], Installed: true, Status: "installed"}
			if last := words[len(words)-1]; len(words) > 1 && last != "ruby" {
				p.Architecture = last
			}
			out = append(out, p)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("gem list: %w", err)
	}
	return out, nil
}

// ParseNPMList reads what npm ls --json --depth=0 prints: an object whose
// "dependencies" have a name and a version each. What others need and is not
// there stands among them, too, marked as "missing".
func ParseNPMList(r io.Reader) ([]Package, error) {
	var list struct {
		Error        *struct{ Code, Summary string }
		Dependencies map[string]struct {
			Version string
			Missing bool
		}
	}
	if err := decodeOne(r, &list); err != nil {
		return nil, fmt.Errorf("npm ls: %w", err)
	}
	if list.Error != nil {
		return nil, fmt.Errorf("npm ls: %s: %s", list.Error.Code, list.Error.Summary)
	}
	var out []Package
	for name, p := range list.Dependencies {
		status := "installed"
		if p.Missing {
			status = "missing, though another package needs it"
		}
		out = append(out, Package{Name: name, Version: p.Version, Installed: !p.Missing, Status: status})
	}
	slices.SortFunc(out, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
