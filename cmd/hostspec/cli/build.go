package cli

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// buildCommand is `hostspec build`.
type buildCommand struct {
	Output   string   `short:"o" required:"" placeholder:"FILE" help:"The program to write. It is replaced when it is there."`
	Packages []string `arg:"" optional:"" help:"Go packages such as ./spec/..., or FILE, or FILE:LINE. Default: ./spec/... where there is ./spec, else ./..."`
}

// Help is shown below the flags by `hostspec build --help`.
func (buildCommand) Help() string {
	return `The program holds the compiled specs and their testdata folders, and takes the
flags of hostspec run: ./web-spec -t ssh://web1 -f junit:out.xml. It needs
neither Go nor any library. Its packages are fixed when it is built.

GOARCH in the environment makes one for another machine. Only Linux is known.`
}

// bundleFormat is the version of what a built program holds, and the word by
// which it knows that it is one.
const bundleFormat = "hostspec-bundle-1"

// bundled is bundleFormat in a built program: the linker sets it. That a program
// knows by itself that it should hold specs is what makes a copy that was cut off
// an error, and not the plain hostspec.
var bundled string

// smallAndStatic are the flags of what goes into a built program: without names
// of this machine, and without what only debuggers read.
var smallAndStatic = []string{"-trimpath", "-ldflags=-s -w"}

// Run compiles the specs and the program that runs them, and writes both as one
// file.
func (b *buildCommand) Run(c *console) error {
	stop, release := watchSignals(c.ctx)
	defer release()
	if err := onlyLinux(stop.soft); err != nil {
		return stop.explain(err)
	}
	out, err := openReport(stop.soft, b.Output)
	if err == nil && out.direct {
		out.abandon()
		err = errors.New("cannot be written: it is not a regular file")
	}
	if err != nil {
		return usage("-o %s: %w", b.Output, err)
	}
	if err := b.build(stop.soft, c, out); err != nil {
		out.abandon()
		return stop.explain(err)
	}
	if err := out.place(); err != nil {
		return usage("-o %s: cannot be written: %w", b.Output, err)
	}
	return nil
}

func (b *buildCommand) build(ctx context.Context, c *console, out *reportFile) error {
	packages, err := findPackages(ctx, b.Packages)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "hostspec-build-")
	if err != nil {
		return fmt.Errorf("cannot keep compiled specs anywhere: %w", err)
	}
	defer os.RemoveAll(folder) // what is left there harms nobody
	for _, p := range packages {
		p.env = append(p.env, "CGO_ENABLED=0")
	}
	if err := compile(ctx, packages, folder, c.stderr, smallAndStatic...); err != nil {
		return err
	}
	program := filepath.Join(folder, "hostspec")
	if err := buildProgram(ctx, packages[0], folder, program); err != nil {
		return err
	}
	for _, p := range packages {
		if err := isStatic(p.binary); err != nil {
			return fmt.Errorf("the specs of %s: %w", p.path, err)
		}
	}
	if err := isStatic(program); err != nil {
		return err
	}
	if err := appendBundle(out, program, packages); err != nil {
		return fmt.Errorf("-o %s: cannot be written: %w", b.Output, cause(err))
	}
	return makeExecutable(out.f)
}

// onlyLinux refuses what nothing would come of.
func onlyLinux(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return fmt.Errorf("specs are compiled by the go command, and there is none in PATH: %w", errors.Unwrap(err))
	}
	out, err := goCommand(ctx, "", nil, "env", "GOOS").Output()
	if err != nil {
		return fmt.Errorf("cannot tell for which system to build: %s", goWords(err))
	}
	if system := strings.TrimSpace(string(out)); system != "linux" {
		return fmt.Errorf("GOOS=%s: programs can be built for Linux only (any GOARCH will do); their targets may be others", system)
	}
	return nil
}

// buildProgram compiles hostspec itself, of the very version that the specs were
// compiled with: what they tell is then what it understands. It comes out of the
// module of the specs. One that does not know all that hostspec needs, since it
// has it as a library and not as a tool, is completed in a copy of its go.mod.
func buildProgram(ctx context.Context, p *specPackage, folder, program string) error {
	main, err := mainPackage()
	if err != nil {
		return err
	}
	args := []string{"-buildvcs=false", "-trimpath", "-ldflags=-s -w -X " + toolPath + "/cli.bundled=" + bundleFormat, "-o", program, main}
	_, err = goCommand(ctx, p.dir, p.env, append([]string{"build"}, args...)...).Output()
	if err != nil && ctx.Err() == nil {
		var mod string
		if mod, err = copyModule(ctx, p, folder); err != nil {
			return err
		}
		env := append([]string{"GOWORK=off"}, p.env...)
		_, err = goCommand(ctx, p.dir, env, append([]string{"build", "-mod=mod", "-modfile=" + mod}, args...)...).Output()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("cannot compile %s in the module of %s, whose specs it is to run:\n%s\nto add it to the module: go get -tool %[1]s", main, p.path, goWords(err))
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	// The linker does not mind a variable that is not there.
	if !bytes.Contains(text, []byte(bundleFormat)) {
		return fmt.Errorf("the module of %s has a version of %s that cannot be built into one program with specs; raise it: go get %[2]s@latest", p.path, modulePath)
	}
	return nil
}

// mainPackage is the package that this program is of: ours, or another that calls Main,
// so that what it has built in is in the programs that it makes.
func mainPackage() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok || !strings.Contains(info.Path, "/") {
		return "", errors.New("this command was compiled from files, and not from a package, so that what it has built in cannot be compiled again; go build ./PACKAGE makes one that can")
	}
	return info.Path, nil
}

// copyModule copies what describes the module of a package into folder.
func copyModule(ctx context.Context, p *specPackage, folder string) (string, error) {
	out, err := goCommand(ctx, p.dir, p.env, "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("cannot tell the module of %s: %s", p.path, goWords(err))
	}
	from := strings.TrimSpace(string(out))
	to := filepath.Join(folder, "go.mod")
	for _, name := range []string{"mod", "sum"} {
		text, err := os.ReadFile(strings.TrimSuffix(from, "mod") + name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if err := os.WriteFile(strings.TrimSuffix(to, "mod")+name, text, 0o600); err != nil {
			return "", err
		}
	}
	return to, nil
}

// isStatic checks that a program asks for no loader (elf(5), PT_INTERP): one that
// does runs only where the libraries of this machine are.
func isStatic(name string) error {
	f, err := elf.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("what was compiled needs libraries and would not run anywhere else; look for -buildmode or -linkmode in `go env GOFLAGS`")
		}
	}
	return nil
}

// makeExecutable lets those execute a file who may read it.
func makeExecutable(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	return f.Chmod(mode | mode&0o444>>2)
}

// copyFile adds what is in a file to w.
func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	_, err = io.Copy(w, f)
	return err
}
