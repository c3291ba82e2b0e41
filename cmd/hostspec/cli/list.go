package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A listedPackage is what `go list -json` says about a package.
type listedPackage struct {
	Dir, ImportPath                    string
	TestGoFiles, XTestGoFiles          []string
	Imports, TestImports, XTestImports []string
	Error                              *struct{ Pos, Err string }
}

// specs reports whether the package's tests are specs.
func (l listedPackage) specs() bool {
	if len(l.TestGoFiles)+len(l.XTestGoFiles) == 0 {
		return false
	}
	return slices.Contains(slices.Concat(l.Imports, l.TestImports, l.XTestImports), specImport)
}

// list asks the Go command for the packages of a place, from within the module
// that holds it.
func list(ctx context.Context, p place) (listed []listedPackage, env []string, err error) {
	if env, err = moduleOf(ctx, p); err != nil {
		return nil, nil, err
	}
	if listed, err = goList(ctx, p, env); err != nil {
		return nil, nil, fmt.Errorf("cannot list %s: %w", p.arg, err)
	}
	empty := func(l listedPackage) bool { return l.Error != nil && strings.HasPrefix(l.Error.Err, "no Go files in") }
	listed = slices.DeleteFunc(listed, empty)
	for _, l := range listed {
		if l.Error == nil {
			continue
		}
		// A broken package that holds no specs is not our business.
		wild := strings.Contains(p.pattern, "...")
		if !wild || l.Dir == "" || !l.specs() && mentionsSpecs(l.Dir) {
			return nil, nil, fmt.Errorf("cannot list %s: %s", p.arg, l.Error.Err)
		}
	}
	return slices.DeleteFunc(listed, func(l listedPackage) bool { return l.Dir == "" }), env, nil
}

func goList(ctx context.Context, p place, env []string) ([]listedPackage, error) {
	cmd := goCommand(ctx, p.dir, env, "list", "-e",
		"-json=Dir,ImportPath,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Error", "--", p.pattern)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, errors.New(text)
		}
		return nil, err
	}
	var listed []listedPackage
	for dec := json.NewDecoder(&stdout); ; {
		var l listedPackage
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return listed, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list said what is no JSON: %w", err)
		}
		listed = append(listed, l)
	}
}

// moduleOf looks for the module that holds a place. A module that a go.work
// around it does not name stands by itself, which the environment that is
// returned says to the Go command.
func moduleOf(ctx context.Context, p place) (env []string, err error) {
	if p.byImport {
		return nil, nil
	}
	module := p.dir
	for !exists(filepath.Join(module, "go.mod")) {
		if module == filepath.Dir(module) {
			return nil, fmt.Errorf("%s is in no Go module: there is no go.mod in %s or above; `hostspec init` writes one", p.arg, p.dir)
		}
		module = filepath.Dir(module)
	}
	out, err := goCommand(ctx, p.dir, nil, "env", "GOWORK").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || file == "" || file == "off" {
		return nil, err
	}
	out, err = goCommand(ctx, p.dir, nil, "work", "edit", "-json", file).Output()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", file, goWords(err))
	}
	var work struct{ Use []struct{ DiskPath string } }
	if err := json.Unmarshal(out, &work); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", file, err)
	}
	for _, use := range work.Use {
		dir := use.DiskPath
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(file), dir)
		}
		if same(dir, module) {
			return nil, nil
		}
	}
	return []string{"GOWORK=off"}, nil
}

// same reports whether two names are of one folder, also through links.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
