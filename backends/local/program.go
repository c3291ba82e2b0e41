package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

// sbin is where distributions keep what an administrator runs, and what the PATH
// of plain users often lacks.
var sbin = [...]string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// A program is what is to be executed.
type program struct {
	path    string
	env     []string
	refused *refusedError
}

// A refusedError says why a program cannot be executed, and with which exit code
// a shell says so.
type refusedError struct {
	name string
	code int
	err  error
}

func (e *refusedError) Error() string { return fmt.Sprintf("%s: %v", e.name, e.err) }

var (
	errNotFound      = errors.New("not found")
	errNoInterpreter = errors.New("the program that its first line names is not found")
)

// prepare checks a command and looks its program up.
func prepare(cmd backends.Command) (program, error) {
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return program{}, errors.New("start: the command names no program")
	}
	for _, word := range slices.Concat(cmd.Args, cmd.Env, []string{cmd.Dir}) {
		if strings.ContainsRune(word, 0) {
			return program{}, fmt.Errorf("start %q: a NUL byte in %q: no process can be given one", cmd.Args[0], word)
		}
	}
	for _, pair := range cmd.Env {
		if strings.IndexByte(pair, '=') < 1 {
			return program{}, fmt.Errorf("start %q: the variable %q: want NAME=value", cmd.Args[0], pair)
		}
	}
	if cmd.Dir != "" {
		// When the process is made its directory's error looks like the program's.
		if err := enterable(cmd.Dir); err != nil {
			return program{}, fmt.Errorf("start %q: working directory: %w", cmd.Args[0], err)
		}
	}
	env := environ(cmd)
	path, refused := find(cmd.Args[0], cmd.Dir, pathOf(env))
	return program{path, env, refused}, nil
}

func enterable(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "chdir", Path: dir, Err: unix.ENOTDIR}
	}
	if err == nil {
		if bad := unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS); bad != nil {
			err = &fs.PathError{Op: "chdir", Path: dir, Err: bad}
		}
	}
	return err
}

// environ is this process's environment without secrets, with PATH completed, and what the command
// adds to it, each name once: that of the command is left as it is.
func environ(cmd backends.Command) []string {
	own := backends.Environ()
	env := append(own, "PATH="+withSbin(pathOf(own)))
	if filepath.IsAbs(cmd.Dir) {
		env = append(env, "PWD="+cmd.Dir)
	}
	env = append(env, cmd.Env...)
	last := map[string]int{}
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		last[name] = i
	}
	var kept []string
	for i, pair := range env {
		if name, _, _ := strings.Cut(pair, "="); last[name] == i {
			kept = append(kept, pair)
		}
	}
	return kept
}

// pathOf is the last PATH in an environment.
func pathOf(env []string) string {
	for _, pair := range slices.Backward(env) {
		if path, ok := strings.CutPrefix(pair, "PATH="); ok {
			return path
		}
	}
	// As in execvp(3) and dash where there is none.
	return "/usr/local/bin:/usr/bin:/bin"
}

// withSbin appends what is missing.
func withSbin(path string) string {
	dirs := filepath.SplitList(path)
	for _, dir := range sbin {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ":")
}

// find looks a program up. Folders of PATH that are not absolute are passed over:
// what is checked must not depend on where the checks are run.
func find(name, dir, path string) (string, *refusedError) {
	if strings.Contains(name, "/") {
		at := name
		if !filepath.IsAbs(name) {
			at = filepath.Join(dir, name)
		}
		return name, refusal(executable(at)).of(name)
	}
	refused := &refusedError{name, 127, errNotFound}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			continue
		}
		at := filepath.Join(d, name)
		err := executable(at)
		if err == nil {
			return at, nil
		}
		// A file that is there and may not be executed is the better reason.
		if r := refusal(err); r != nil && r.code == 126 && refused.code == 127 {
			if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
				refused = r.of(name)
			}
		}
	}
	return "", refused
}

// executable says why a file is not a program.
func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return unix.EISDIR
	case !info.Mode().IsRegular():
		return unix.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
}

// refusal is nil unless err means that the program cannot be executed.
func refusal(err error) *refusedError {
	for _, is := range []error{unix.ENOENT, unix.ENOTDIR} {
		if errors.Is(err, is) {
			return &refusedError{code: 127, err: errNotFound}
		}
	}
	for _, is := range []error{unix.EACCES, unix.EPERM, unix.EISDIR, unix.ENOEXEC, unix.ELOOP, unix.ETXTBSY, unix.ELIBBAD, unix.EINVAL} {
		if errors.Is(err, is) {
			return &refusedError{code: 126, err: is}
		}
	}
	return nil
}

// of names the program.
func (e *refusedError) of(name string) *refusedError {
	if e != nil {
		e.name = name
	}
	return e
}
