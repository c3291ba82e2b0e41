package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/report"
)

// specImport is what the tests of a package import when they are specs.
const specImport = modulePath + "/spec"

// A specPackage is a Go package whose tests are specs.
type specPackage struct {
	path, dir string
	// env is added to the environment of the Go command that compiles it.
	env []string
	// whole says that the package was asked for as such; else only lines of
	// some of its files were.
	whole bool
	files []string // NAME or NAME:LINES, within dir
	// binary is the compiled test.
	binary string
	// bundled is what a built program knows of the package, instead of its
	// folder; nil in hostspec itself.
	bundled *bundledPackage
}

// A place is one of the things that were asked for: where to stand, and what to
// ask the Go command for there.
type place struct {
	arg     string
	dir     string
	pattern string
	file    string // NAME or NAME:LINES, when a file was asked for
	// byImport says that the pattern is an import path and no folder.
	byImport bool
}

// findPackages finds the specs among what was asked for.
func findPackages(ctx context.Context, args []string) ([]*specPackage, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("specs are compiled by the go command, and there is none in PATH: %w", errors.Unwrap(err))
	}
	if len(args) == 0 {
		args = []string{"./..."}
		if info, err := os.Stat("spec"); err == nil && info.IsDir() {
			args = []string{"./spec/..."}
		}
	}
	var found []*specPackage
	var seen []string
	for _, arg := range args {
		places, err := readArgument(arg)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			listed, env, err := list(ctx, p)
			if err != nil {
				return nil, err
			}
			for _, l := range listed {
				seen = append(seen, l.ImportPath)
				if l.specs() {
					found = add(found, l, p, env)
				}
			}
		}
	}
	if len(found) == 0 {
		return nil, noSpecs(args, seen)
	}
	return found, nil
}

// add merges what was asked for twice: a package as a whole, or lines of it.
func add(found []*specPackage, l listedPackage, p place, env []string) []*specPackage {
	i := slices.IndexFunc(found, func(s *specPackage) bool { return s.dir == l.Dir })
	if i < 0 {
		i = len(found)
		found = append(found, &specPackage{path: l.ImportPath, dir: l.Dir, env: env})
	}
	if p.file == "" {
		found[i].whole = true
	} else {
		found[i].files = append(found[i].files, p.file)
	}
	return found
}

func noSpecs(args, seen []string) error {
	text := "no specs matched " + strings.Join(args, " ")
	switch len(seen) {
	case 0:
		return fmt.Errorf("%s: there is no Go package at all; `hostspec init` starts a folder of specs", text)
	case 1:
		return fmt.Errorf("%s: the tests of %s do not import %s", text, seen[0], specImport)
	}
	const most = 10
	more := ""
	if len(seen) > most {
		more = fmt.Sprintf(" and %d more", len(seen)-most)
		seen = seen[:most]
	}
	return fmt.Errorf("%s: looked at %s%s, and no tests there import %s", text, strings.Join(seen, ", "), more, specImport)
}

var fileArgument = regexp.MustCompile(`^(.+\.go)(:[0-9][0-9,-]*)?$`)

// readArgument reads one package pattern, FILE or FILE:LINE.
func readArgument(arg string) ([]place, error) {
	if m := fileArgument.FindStringSubmatch(arg); m != nil {
		info, err := os.Stat(m[1])
		switch {
		case err != nil:
			return nil, fmt.Errorf("no such file: %s", m[1])
		case info.IsDir():
			return nil, fmt.Errorf("%s is a folder; name it as ./%s", m[1], m[1])
		}
		dir, err := filepath.Abs(filepath.Dir(m[1]))
		return []place{{arg: arg, dir: dir, pattern: ".", file: filepath.Base(m[1]) + m[2]}}, err
	}
	// What stands before the first "..." is a folder, or begins an import path.
	fixed := arg
	if i := strings.Index(arg, "..."); i >= 0 {
		fixed = arg[:strings.LastIndexByte(arg[:i], '/')+1]
	}
	info, err := os.Stat(or(fixed, "."))
	isPath := strings.HasPrefix(arg, ".") || filepath.IsAbs(arg)
	switch {
	case err == nil && info.IsDir() && (isPath || fixed != ""):
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is neither a folder nor a Go file", arg)
	case isPath:
		return nil, fmt.Errorf("no such folder: %s", strings.TrimSuffix(fixed, "/"))
	default:
		return []place{{arg: arg, dir: ".", pattern: arg, byImport: true}}, nil
	}
	dir, err := filepath.Abs(fixed)
	if err != nil {
		return nil, err
	}
	rest := strings.TrimPrefix(arg, fixed)
	if rest == "" {
		return []place{{arg: arg, dir: dir, pattern: "."}}, nil
	}
	places := []place{{arg: arg, dir: dir, pattern: "./" + rest}}
	if rest != "..." {
		return places, nil
	}
	nested, err := modulesBelow(dir)
	for _, d := range nested {
		places = append(places, place{arg: arg, dir: d, pattern: "./..."})
	}
	return places, err
}

// modulesBelow finds the modules with specs in the folders below dir. The Go
// command's "..." ends where another module begins; ours does not. It passes
// over what Go passes over.
func modulesBelow(dir string) ([]string, error) {
	var modules []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == dir {
			return nil // what cannot be read holds no module of ours
		}
		name := d.Name()
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" || name == "node_modules" {
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && mentionsSpecs(path) {
			modules = append(modules, path)
		}
		return nil
	})
	return modules, err
}

// mentionsSpecs reports whether some test in or below dir speaks of our package.
// It serves where the Go command cannot tell what tests import.
func mentionsSpecs(dir string) bool {
	found := false
	// What cannot be read is passed over: the answer is a hint.
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(`"`+specImport+`"`)) {
			found = true
			return filepath.SkipAll
		}
		return nil
	})
	return found
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// placeOf tells the places of a result by the package's folder where the binary
// was trimmed of it.
func (s *specPackage) placeOf(r *report.Result) {
	if s.bundled == nil {
		return
	}
	r.Location.File = s.bundled.place(r.Location.File)
	if r.FailedAt != nil {
		at := *r.FailedAt
		at.File = s.bundled.place(at.File)
		r.FailedAt = &at
	}
}

// focus is the filter for the lines that were asked for, in the words of
// Ginkgo's flag: a regular expression for the file, then the lines.
func (s *specPackage) focus() []string {
	if s.bundled != nil {
		return s.bundled.Focus
	}
	if s.whole {
		return nil
	}
	var flags []string
	for _, file := range s.files {
		name, lines, ok := strings.Cut(file, ":")
		if ok {
			lines = ":" + lines
		}
		// With -trimpath files are known by their import path.
		flags = append(flags, fmt.Sprintf("-ginkgo.focus-file=^(%s|%s)/%s$%s",
			regexp.QuoteMeta(s.dir), regexp.QuoteMeta(s.path), regexp.QuoteMeta(name), lines))
	}
	return flags
}
