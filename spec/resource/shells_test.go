package resource_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/local"
)

// shells are the ones that questions must run in, by the name of a scheme that
// reaches this machine through them and through no system call: no backend of
// these is a FileReader. With busybox all tools are its own, too; alone, it has no
// other program beside it (in particular no getent).
var shells = []string{"dash", "bash", "busybox", "busybox-alone", "mksh", "ksh93"}

func init() {
	for _, shell := range shells {
		backends.Register("test-"+shell, backends.Driver{Open: func(_ context.Context, u *backends.URI) (backends.Backend, error) {
			return openShell(shell, u.Rest)
		}})
	}
}

// shellBackend starts processes on this machine with another sh.
type shellBackend struct {
	backend *local.Backend
	path    string
	dir     string
}

// openShell finds programs in a folder first, where that is an absolute path.
func openShell(shell, first string) (backends.Backend, error) {
	program, alone := strings.CutSuffix(shell, "-alone")
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "hostspec-shell-")
	if err != nil {
		return nil, err
	}
	b := &shellBackend{local.New(), dir + ":/usr/bin:/bin", dir}
	if alone {
		b.path = dir
	}
	if filepath.IsAbs(first) {
		b.path = first + ":" + b.path
	}
	if program == "busybox" {
		out, err := exec.Command(path, "--install", "-s", dir).CombinedOutput()
		if err != nil {
			return nil, os.NewSyscallError(string(out), err)
		}
		return b, nil
	}
	return b, os.Symlink(path, filepath.Join(dir, "sh"))
}

func (b *shellBackend) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	c.Env = append(c.Env, "PATH="+b.path)
	return b.backend.Start(ctx, c)
}

func (b *shellBackend) Close() error {
	_ = os.RemoveAll(b.dir)
	return b.backend.Close()
}

// everyWay runs a test against this machine: by system calls, and through each
// shell.
func everyWay(t *testing.T, test func(t *testing.T, a testAsker)) {
	t.Run("local", func(t *testing.T) { test(t, askerFor(t, "local://")) })
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) { test(t, askerFor(t, "test-"+shell+"://machine")) })
	}
}
