package cli

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// initCommand is `hostspec init`.
type initCommand struct {
	Module string `placeholder:"here|nested" help:"In a Go repository: add what specs need to its go.mod (here), or give specs a module of their own (nested)."`
	Suite  string `placeholder:"NAME" help:"Write a hostspec.yaml with this suite for hostspec tdd, and the folder of specs only where there is none."`
	Dir    string `arg:"" optional:"" help:"The repository; its folder spec is written. Default: where you are."`
}

// skeleton holds what init writes. The files end in .txt, so that none is
// compiled here.
//
//go:embed skeleton
var skeleton embed.FS

// A site is where init writes what.
type site struct {
	top  string // the repository
	spec string // the folder of specs
	// goMod is the go.mod that is there already; empty when there is none.
	goMod string
	// module is the folder whose go.mod the specs use, and run the one that
	// they are run from.
	module, run string
}

// Run writes the folder of specs and sees to its module.
func (i *initCommand) Run(c *console) error {
	if i.Module != "" && i.Module != "here" && i.Module != "nested" {
		return usage("--module %s: want here or nested", i.Module)
	}
	s, err := survey(i.Dir)
	if err != nil {
		return usage("cannot start specs: %w", err)
	}
	var suite []newFile
	if i.Suite != "" {
		if suite, err = s.suite(i.Suite); err != nil {
			return &exitError{exitUsage, err}
		}
		if exists(s.spec) {
			return s.writeSuite(c, i.Suite, suite)
		}
	}
	needs, err := s.needs()
	if err != nil {
		return usage("cannot start specs: %w", err)
	}
	if err := s.choose(i.Module, needs); err != nil {
		return &exitError{exitUsage, err}
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	files = append(files, suite...)
	if err := writeNew(files); err != nil {
		return &exitError{exitUsage, err}
	}
	for _, f := range files {
		fmt.Fprintln(c.stdout, "wrote", s.short(f.name))
	}
	if err := needs.meet(c, s); err != nil {
		return &exitError{exitUsage, err}
	}
	where := ""
	if dir := s.short(s.run); dir != "." {
		where = "cd " + dir + " && "
	}
	_, err = fmt.Fprintf(c.stdout, "\nnow try: %shostspec run\nor:      %sgo test ./...\n", where, where)
	return err
}

// survey looks at what is there, without a change.
func survey(dir string) (*site, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &site{spec: filepath.Join(root, "spec")}
	// Who names the folder of specs itself means just that.
	if filepath.Base(root) == "spec" {
		root, s.spec = filepath.Dir(root), root
	}
	for _, d := range []string{root, s.spec} {
		if info, err := os.Stat(d); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("%s is not a folder", d)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	s.top, s.run = root, root
	// Go takes the go.mod of the nearest folder above; a repository ends where
	// its .git is.
	for d := root; ; d = filepath.Dir(d) {
		if exists(filepath.Join(d, "go.mod")) && s.goMod == "" {
			s.goMod = filepath.Join(d, "go.mod")
		}
		if exists(filepath.Join(d, ".git")) {
			s.top = d
			break
		}
		if d == filepath.Dir(d) {
			if s.goMod != "" {
				s.top = filepath.Dir(s.goMod)
			}
			break
		}
	}
	s.module = s.top
	if s.goMod != "" {
		s.module = filepath.Dir(s.goMod)
	}
	return s, nil
}

// importable is what a folder's name may be for Go to take it for a package's.
var importable = regexp.MustCompile(`^[A-Za-z0-9~+-][A-Za-z0-9._~+-]*$`)

// choose settles which module the specs belong to.
func (s *site) choose(module string, needs *needs) error {
	for part := range strings.SplitSeq(relative(s.top, s.spec), "/") {
		if !importable.MatchString(part) || part == "testdata" || part == "vendor" {
			return fmt.Errorf("%s: Go compiles no package in a folder named %q; choose another", s.spec, part)
		}
	}
	switch {
	case s.goMod == "" && module == "nested":
		return fmt.Errorf("--module nested: there is no go.mod above %s to be nested in; leave the flag out", s.spec)
	case module == "nested":
		s.module, s.run, s.goMod = s.spec, s.spec, ""
	case s.goMod != "" && module == "" && !needs.met:
		return fmt.Errorf(`%s is there already, so this is a Go repository. Specs need to be added to it:
%s
Say --module here to add that to %[1]s,
or --module nested to give the specs a go.mod of their own, %[3]s.
Nothing was written`, s.goMod, indent(needs.text()), filepath.Join(s.spec, "go.mod"))
	}
	return nil
}

// A newFile is a file to be written.
type newFile struct{ name, text string }

// files are the files of the skeleton, filled in.
func (s *site) files() ([]newFile, error) {
	// The report lies in the folder of specs, whose .gitignore knows it.
	junit, cd := filepath.Join(s.spec, "junit.xml"), ""
	if s.run != s.top {
		cd = "cd " + backends.Quote(relative(s.top, s.run)) + " && "
	}
	fill := strings.NewReplacer("@NAME@", goText(filepath.Base(s.top)), "@CD@", groovyText(cd),
		"@REPORT@", groovyText(backends.Quote(relative(s.run, junit))), "@RESULTS@", groovyText(relative(s.top, junit)))
	var files []newFile
	for _, f := range []struct{ from, to string }{
		{"suite_test.go", filepath.Join(s.spec, "suite_test.go")},
		{"first_test.go", filepath.Join(s.spec, "first_test.go")},
		{"gitignore", filepath.Join(s.spec, ".gitignore")},
		{"Jenkinsfile", filepath.Join(s.top, "Jenkinsfile")},
	} {
		text, err := skeleton.ReadFile("skeleton/" + f.from + ".txt")
		if err != nil {
			return nil, err
		}
		files = append(files, newFile{f.to, fill.Replace(string(text))})
	}
	if s.goMod == "" {
		files = append(files, newFile{filepath.Join(s.module, "go.mod"), moduleText(s.moduleName())})
	}
	return files, nil
}

// writeNew writes files, none of which may be there already.
func writeNew(files []newFile) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(f.name); err == nil {
			there = append(there, "  "+f.name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("these files are there already and are not overwritten; nothing was written:\n%s", strings.Join(there, "\n"))
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o777); err != nil {
			return err
		}
		// O_EXCL, since somebody may write the same file at the same time.
		w, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		_, err = w.WriteString(f.text)
		if err := errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// short names a file as people who stand here would.
func (s *site) short(name string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(cwd, name); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return name
}

// goText is a text within a Go string, groovyText one within a Groovy string.
func goText(s string) string { return strconv.Quote(s)[1 : len(strconv.Quote(s))-1] }

func groovyText(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

func relative(from, to string) string {
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return to
	}
	return filepath.ToSlash(rel)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
