package cli_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// On a machine of 32 bits, constants and conversions that fit elsewhere do not. The
// types are checked from the source, which takes seconds: compiling all of it for
// another machine takes minutes.
func TestCompilesFor32Bits(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Standard,Module,ImportMap", "../../../...")
	cmd.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	check := checker{fset: token.NewFileSet(), known: map[string]*types.Package{"unsafe": types.Unsafe}}
	ours := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, err := range check.load(p) {
			t.Error(err)
		}
		if p.ours() {
			ours++
		}
	}
	if ours < 20 {
		t.Errorf("only %d packages of ours were looked at", ours)
	}
}

// A listed is what `go list` says about a package. Those that it imports come before it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Standard        bool
	Module          *struct{ Main bool }
	ImportMap       map[string]string
}

func (p listed) ours() bool { return p.Module != nil && p.Module.Main }

// A checker checks the types of packages for a machine of 32 bits.
type checker struct {
	fset  *token.FileSet
	known map[string]*types.Package
	names map[string]string // of what the package at hand imports
}

// Import implements types.Importer.
func (c *checker) Import(path string) (*types.Package, error) {
	if real, ok := c.names[path]; ok {
		path = real
	}
	if p := c.known[path]; p != nil {
		return p, nil
	}
	return nil, errors.New(path + " was not listed before what imports it")
}

// load returns what is wrong with a package of ours; others are only to be imported.
func (c *checker) load(p listed) (wrong []error) {
	if p.ImportPath == "unsafe" {
		return nil
	}
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return []error{err}
		}
		files = append(files, f)
	}
	config := types.Config{
		Importer: c, Sizes: types.SizesFor("gc", "386"), IgnoreFuncBodies: !p.ours(), FakeImportC: true,
		Error: func(err error) { wrong = append(wrong, err) },
	}
	c.names = p.ImportMap
	// The first error is among those that Error was told.
	c.known[p.ImportPath], _ = config.Check(p.ImportPath, c.fset, files, nil)
	if !p.ours() {
		return nil
	}
	return wrong
}
