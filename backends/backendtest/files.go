package backendtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

var fileChecks = []Check{
	{"files: stat", overFiles(statFiles)},
	{"files: symbolic links", overFiles(links)},
	{"files: content", overFiles(content)},
	{"files: folders", overFiles(folders)},
	{"files: what is not a regular file is not opened", overFiles(irregular)},
	{"files: what does not exist", overFiles(missing)},
	{"files: what is forbidden", overFiles(forbidden)},
	{"files: /proc", overFiles(proc)},
}

// A fileCheck checks a FileReader in a folder that was made for it.
type fileCheck func(ctx context.Context, s *session, r backends.FileReader, dir string) error

func overFiles(check fileCheck) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		r, ok := s.Backend.(backends.FileReader)
		if !ok {
			return notApplicable("the backend reads no files without a process")
		}
		dir, err := s.tempDir(ctx)
		if err != nil {
			return err
		}
		return check(ctx, s, r, dir)
	}
}

// Types of st_mode, as inode(7) has them.
const (
	typeFIFO    = 0o010000
	typeDir     = 0o040000
	typeRegular = 0o100000
	typeLink    = 0o120000
)

func statFiles(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	out, err := must(ctx, s, `cd "$1" && printf 12345 >file && chmod 4640 file && mkdir sub && chmod 1770 sub &&
		mkfifo fifo && chmod 600 fifo && TZ=UTC touch -t 202001020304.05 file && id -u && id -g && id -un && id -gn`, dir)
	if err != nil {
		return err
	}
	id := strings.Fields(out)
	if len(id) != 4 {
		return fmt.Errorf("cannot read the output of id: %q", out)
	}
	var errs []error
	for name, mode := range map[string]uint32{
		"file": typeRegular | 0o4640, "sub": typeDir | 0o1770, "fifo": typeFIFO | 0o600,
	} {
		info, err := r.Stat(ctx, dir+"/"+name, false)
		if err != nil {
			return err
		}
		errs = append(errs,
			same("mode of "+name, fmt.Sprintf("%o", mode), fmt.Sprintf("%o", info.Mode)),
			same("uid", id[0], strconv.Itoa(info.UID)), same("gid", id[1], strconv.Itoa(info.GID)))
		if info.Owner != "" {
			errs = append(errs, same("owner", id[2], info.Owner))
		}
		if info.Group != "" {
			errs = append(errs, same("group", id[3], info.Group))
		}
		if name != "file" {
			continue
		}
		if info.Size != 5 {
			errs = append(errs, fmt.Errorf("expected size 5, found %d", info.Size))
		}
		if at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC); !info.ModTime.Equal(at) {
			errs = append(errs, fmt.Errorf("expected time %v, found %v", at, info.ModTime))
		}
	}
	return errors.Join(errs...)
}

func links(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	if _, err := must(ctx, s, `cd "$1" && echo x >file && mkdir sub && ln -s file link && ln -s link chain &&
		ln -s ../file sub/up && ln -s "no where
" dangling && ln -s loop loop`, dir); err != nil {
		return err
	}
	var errs []error
	for _, name := range []string{"link", "chain", "sub/up"} {
		for follow, kind := range map[bool]uint32{true: typeRegular, false: typeLink} {
			info, err := r.Stat(ctx, dir+"/"+name, follow)
			if err != nil || info.Mode&0o170000 != kind {
				errs = append(errs, fmt.Errorf("%s, follow %v: expected type %o, found mode %o, %w",
					name, follow, kind, info.Mode, orNil(err)))
			}
		}
		text, err := readAll(ctx, r, dir+"/"+name)
		errs = append(errs, err, same("content through "+name, "x\n", text))
	}
	for name, target := range map[string]string{
		"link": "file", "chain": "link", "sub/up": "../file", "dangling": "no where\n", "loop": "loop",
	} {
		found, err := r.ReadLink(ctx, dir+"/"+name)
		errs = append(errs, err, same("target of "+name, target, found))
	}
	if _, err := r.Stat(ctx, dir+"/dangling", false); err != nil {
		errs = append(errs, fmt.Errorf("a dangling link itself: %w", err))
	}
	if _, err := r.Stat(ctx, dir+"/dangling", true); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, fmt.Errorf("behind a dangling link: expected fs.ErrNotExist, found %w", orNil(err)))
	}
	if _, err := r.Stat(ctx, dir+"/loop", true); err == nil {
		errs = append(errs, errors.New("a link to itself: expected an error of Stat, found none"))
	}
	if text, err := r.ReadLink(ctx, dir+"/file"); err == nil {
		errs = append(errs, fmt.Errorf("expected an error of ReadLink of a regular file, found %q", text))
	}
	return errors.Join(errs...)
}

// readAll reads a whole file.
func readAll(ctx context.Context, r backends.FileReader, name string) (string, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return "", fmt.Errorf("open: %w", err)
	}
	var text bytes.Buffer
	_, err = io.Copy(&text, f)
	return text.String(), errors.Join(err, f.Close())
}

func content(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	format, printed := everyByte()
	var errs []error
	for _, name := range []string{"plain", "two words", "new\nline\n", "-dash", "it's $HOME", "caf\xe9"} {
		if _, err := must(ctx, s, `printf "$2" >"$1"`, dir+"/"+name, format); err != nil {
			return err
		}
		text, err := readAll(ctx, r, dir+"/"+name)
		errs = append(errs, err, same(fmt.Sprintf("content of %q", name), printed, text))
	}
	if _, err := must(ctx, s, `: >"$1/empty"; seq 1 500000 >"$1/large"`, dir); err != nil {
		return err
	}
	text, err := readAll(ctx, r, dir+"/empty")
	errs = append(errs, err, same("content of an empty file", "", text))
	text, err = readAll(ctx, r, dir+"/large")
	var large counted
	io.WriteString(&large, text)
	return errors.Join(append(errs, err, large.upTo("content of a large file", 500_000))...)
}

func folders(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	expected := []string{".hidden", "A", "b", "two words", "z\nz"}
	if _, err := must(ctx, s, `cd "$1" && shift && mkdir sub empty && cd sub && for f; do : >"$f"; done`,
		append([]string{dir}, expected...)...); err != nil {
		return err
	}
	found, err := r.ReadDir(ctx, dir+"/sub")
	errs := []error{err}
	if !slices.Equal(found, expected) {
		errs = append(errs, fmt.Errorf("expected the names %q, sorted, found %q", expected, found))
	}
	found, err = r.ReadDir(ctx, dir+"/empty")
	if len(found) > 0 {
		err = errors.Join(err, fmt.Errorf("expected nothing in an empty folder, found %q", found))
	}
	errs = append(errs, err)
	if _, err := r.ReadDir(ctx, dir+"/sub/A"); err == nil {
		errs = append(errs, errors.New("expected an error of ReadDir of a regular file, found none"))
	}
	return errors.Join(errs...)
}

// irregular is also there to hang: opening a named pipe waits for a writer.
func irregular(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	if _, err := must(ctx, s, `cd "$1" && mkfifo fifo && ln -s fifo link && mkdir sub`, dir); err != nil {
		return err
	}
	var errs []error
	for _, name := range []string{dir + "/fifo", dir + "/link", dir + "/sub", "/dev/null", "/dev/tty"} {
		f, err := r.Open(ctx, name)
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, backends.ErrNotRegular) {
			errs = append(errs, fmt.Errorf("%s: expected ErrNotRegular of Open, found %w", name, orNil(err)))
		}
	}
	return errors.Join(errs...)
}

func missing(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	if _, err := must(ctx, s, `: >"$1/file"`, dir); err != nil {
		return err
	}
	var errs []error
	for _, name := range []string{dir + "/missing", dir + "/missing/below", dir + "/file/below", dir + "/file/below/that"} {
		_, stat := r.Stat(ctx, name, true)
		_, lstat := r.Stat(ctx, name, false)
		_, open := r.Open(ctx, name)
		_, list := r.ReadDir(ctx, name)
		_, link := r.ReadLink(ctx, name)
		for what, err := range map[string]error{
			"Stat": stat, "Stat without following": lstat, "Open": open, "ReadDir": list, "ReadLink": link,
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("%s of %q: expected fs.ErrNotExist, found %w",
					what, strings.TrimPrefix(name, dir), orNil(err)))
			}
		}
	}
	return errors.Join(errs...)
}

func forbidden(ctx context.Context, s *session, r backends.FileReader, dir string) error {
	out, err := must(ctx, s, `cd "$1" && mkdir sub && : >file >sub/file && chmod 000 file sub && id -u`, dir)
	if err != nil {
		return err
	}
	if out == "0\n" {
		return notApplicable("root may read everything on the target")
	}
	_, open := r.Open(ctx, dir+"/file")
	_, stat := r.Stat(ctx, dir+"/sub/file", true)
	_, list := r.ReadDir(ctx, dir+"/sub")
	var errs []error
	for what, err := range map[string]error{"Open": open, "Stat": stat, "ReadDir": list} {
		if !errors.Is(err, fs.ErrPermission) {
			errs = append(errs, fmt.Errorf("%s: expected fs.ErrPermission, found %w", what, orNil(err)))
		}
	}
	return errors.Join(errs...)
}

// proc has regular files that say they are empty.
func proc(ctx context.Context, _ *session, r backends.FileReader, _ string) error {
	text, err := readAll(ctx, r, "/proc/self/stat")
	if err != nil {
		return err
	}
	if !strings.Contains(text, " (") || !strings.HasSuffix(text, "\n") {
		return fmt.Errorf("expected /proc/self/stat as proc(5) has it, found %q", excerpt(text))
	}
	text, err = readAll(ctx, r, "/proc/mounts")
	if err == nil && !strings.Contains(text, " / ") {
		err = fmt.Errorf("expected / in /proc/mounts, found %q", excerpt(text))
	}
	return err
}
