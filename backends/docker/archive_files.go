package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/hostspec/hostspec/backends"
)

// A source tells about paths that are clean and have no link in them but in the
// last part.
type source interface {
	// lstat describes a path; errLoop is the error of a link that leads nowhere
	// because it leads round in a circle.
	lstat(ctx context.Context, name string) (container.PathStat, error)
	inLoop(ctx context.Context, name string) (container.PathStat, head, error)
	head(ctx context.Context, name string) (head, error)
	open(ctx context.Context, name string) (io.ReadCloser, error)
	list(ctx context.Context, name string) ([]string, error)
	// forOne returns what to ask about a name, which may have links in it.
	forOne(ctx context.Context, name string) (source, error)
}

// files are the methods of a backends.FileReader above a source.
type files struct {
	source
	// users and groups are the names of numbers, as far as they are known.
	users, groups map[string]string
}

// maxLinks is how many links Linux follows in one path, path_resolution(7).
const maxLinks = 40

// walk follows the links of a name in the container's root, and the one at its end
// where follow says so, as path_resolution(7) has it: the engine, which takes ".."
// for text, is only asked about paths without any. It returns the path that the
// name leads to.
func (f files) walk(ctx context.Context, name string, follow bool) (string, container.PathStat, error) {
	at, links := "/", 0
	var st container.PathStat
	known := false // whether st describes at
	for todo := parts(name); len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		if known && !st.Mode.IsDir() {
			return at, st, fmt.Errorf("%s is not a directory: %w", at, fs.ErrNotExist)
		}
		switch part {
		case ".":
			continue
		case "..":
			at, known = path.Dir(at), false
			continue
		}
		next, err := f.lstat(ctx, path.Join(at, part))
		last := len(todo) == 0 && !follow
		switch {
		case errors.Is(err, errLoop) && last:
			st, _, err = f.inLoop(ctx, path.Join(at, part))
			return path.Join(at, part), st, err
		case err != nil:
			return path.Join(at, part), next, err
		case next.Mode&fs.ModeSymlink == 0 || last:
			at, st, known = path.Join(at, part), next, true
			continue
		}
		if links++; links > maxLinks {
			return at, st, errLoop
		}
		if path.IsAbs(next.LinkTarget) {
			at, known = "/", false
		}
		todo = append(parts(next.LinkTarget), todo...)
	}
	if known {
		return at, st, nil
	}
	st, err := f.lstat(ctx, at)
	return at, st, err
}

// parts are the names that a path consists of. One that ends in a slash must be a
// folder, which a last "." says as well.
func parts(name string) []string {
	out := slices.DeleteFunc(strings.Split(name, "/"), func(part string) bool { return part == "" })
	if strings.HasSuffix(name, "/") {
		out = append(out, ".")
	}
	return out
}

// at walks for one of the methods below, and names the file in errors.
func (f files) at(ctx context.Context, op, name string, follow bool, do func(f files, real string, st container.PathStat) error) error {
	err := func() error {
		if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
			return fmt.Errorf("not an absolute name: %w", fs.ErrInvalid)
		}
		source, err := f.forOne(ctx, name)
		if err != nil {
			return err
		}
		f.source = source
		real, st, err := f.walk(ctx, name, follow)
		if err != nil {
			return err
		}
		return do(f, real, st)
	}()
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// Stat implements backends.FileReader. The names of owner and group are known where
// /etc/passwd and /etc/group were fetched before. UID and GID of a socket are -1.
func (f files) Stat(ctx context.Context, name string, follow bool) (info backends.FileInfo, err error) {
	err = f.at(ctx, "stat", name, follow, func(f files, real string, st container.PathStat) error {
		h, err := f.owned(ctx, real, st)
		info = backends.FileInfo{Mode: backends.UnixMode(st.Mode), UID: h.uid, GID: h.gid, Size: st.Size, ModTime: st.Mtime,
			Owner: f.users[strconv.Itoa(h.uid)], Group: f.groups[strconv.Itoa(h.gid)]}
		return err
	})
	return info, err
}

// owned returns the head of a file. Tars hold no sockets.
func (f files) owned(ctx context.Context, real string, st container.PathStat) (head, error) {
	if st.Mode&fs.ModeSocket != 0 {
		return head{uid: -1, gid: -1}, nil
	}
	h, err := f.head(ctx, real)
	if errors.Is(err, errLoop) {
		_, h, err = f.inLoop(ctx, real)
	}
	return h, err
}

// Open implements backends.FileReader. What is opened ends with the context.
func (f files) Open(ctx context.Context, name string) (r io.ReadCloser, err error) {
	err = f.at(ctx, "open", name, true, func(f files, real string, st container.PathStat) error {
		if !st.Mode.IsRegular() {
			return backends.ErrNotRegular
		}
		r, err = f.open(ctx, real)
		return err
	})
	return r, err
}

// ReadDir implements backends.FileReader.
func (f files) ReadDir(ctx context.Context, name string) (names []string, err error) {
	err = f.at(ctx, "readdir", name, true, func(f files, real string, st container.PathStat) error {
		if !st.Mode.IsDir() {
			return errors.New("not a directory")
		}
		names, err = f.list(ctx, real)
		return err
	})
	return names, err
}

// ReadLink implements backends.FileReader.
func (f files) ReadLink(ctx context.Context, name string) (target string, err error) {
	err = f.at(ctx, "readlink", name, false, func(f files, real string, st container.PathStat) error {
		if st.Mode&fs.ModeSymlink == 0 {
			return fmt.Errorf("not a symbolic link: %w", fs.ErrInvalid)
		}
		h, err := f.owned(ctx, real, st)
		target = h.link
		return err
	})
	return target, err
}
