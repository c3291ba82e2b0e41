package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// goCommand prepares a Go command that ends with ctx and leaves no compiler
// behind. It gets a process group of its own, so that Ctrl-C on the terminal
// reaches it through us alone.
func goCommand(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// killGroup kills the process group that p leads. Only processes that were
// started with Setpgid and not yet waited for may be given.
func killGroup(p *os.Process) error {
	if p == nil || p.Pid <= 1 || p.Signal(syscall.Signal(0)) != nil {
		return os.ErrProcessDone
	}
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// compiled are packages, as the command line names them, that are compiled for
// the run.
type compiled []string

func (c compiled) find(ctx context.Context) ([]*specPackage, error) { return findPackages(ctx, c) }

func (c compiled) ready(ctx context.Context, packages []*specPackage, stderr io.Writer) (func(), error) {
	folder, err := os.MkdirTemp("", "hostspec-run-")
	if err != nil {
		return nil, fmt.Errorf("cannot keep compiled specs anywhere: %w", err)
	}
	remove := func() { os.RemoveAll(folder) } // what is left there harms nobody
	if err := compile(ctx, packages, folder, stderr, stripped()...); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// stripped are flags for a binary that nobody debugs: it is linked in less time. The
// stacks of panics need no symbols. A person's own flags would be replaced by ours.
func stripped() []string {
	if strings.Contains(os.Getenv("GOFLAGS"), "ldflags") {
		return nil
	}
	return []string{"-ldflags=-s -w"}
}

// compile makes a test binary of each package, in folder, with more flags of the
// compiler if need be. What the compiler has to say goes to stderr in its own
// words.
func compile(ctx context.Context, packages []*specPackage, folder string, stderr io.Writer, flags ...string) error {
	errs := make([]error, len(packages))
	outputs := make([]bytes.Buffer, len(packages))
	free := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for i, p := range packages {
		p.binary = filepath.Join(folder, strconv.Itoa(i)+".test")
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			dir, name := standFor(p.dir)
			args := slices.Concat([]string{"test", "-c", "-o", p.binary}, flags, []string{name})
			cmd := goCommand(ctx, dir, p.env, args...)
			cmd.Stderr = &outputs[i]
			errs[i] = cmd.Run()
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var broken []string
	for i, err := range errs {
		if err == nil {
			continue
		}
		broken = append(broken, packages[i].path)
		if outputs[i].Len() == 0 {
			fmt.Fprintf(&outputs[i], "# %s\n%v\n", packages[i].path, err)
		}
		if _, err := stderr.Write(outputs[i].Bytes()); err != nil {
			return err
		}
	}
	switch len(broken) {
	case 0:
		return nil
	case 1:
		return usage("the specs of %s do not compile; nothing was run", broken[0])
	}
	return usage("the specs of %d packages do not compile; nothing was run", len(broken))
}

// standFor says where to compile a package, and how to name it from there. The
// compiler names files relative to where it stands, so that is our own working
// directory, unless the package is in another module.
func standFor(dir string) (stand, name string) {
	cwd, err := os.Getwd()
	if err != nil {
		return dir, "."
	}
	rel, err := filepath.Rel(cwd, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return dir, "."
	}
	for d := dir; d != cwd; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return dir, "."
		}
	}
	return cwd, "./" + filepath.ToSlash(rel)
}
