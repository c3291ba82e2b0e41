package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/hostspec/hostspec/backends"
)

// An archive reads the files of a container through the engine's archive API, which
// works where nothing can be started: in a stopped container, and in one without a
// shell. It is a backends.Prefetcher that starts no process.
//
// The API knows two calls. One is an lstat, takes a thousandth of a second and tells
// everything but the owner. The other makes a tar of a path and all that is below
// it, follows no link in the last part of the path, and takes the time of starting a
// process on the engine's machine, hardly more for a folder than for a file. Neither
// sees what the runtime mounts into a container that runs: /proc, /sys, /dev, and
// tmpfs. Of podman's both are wrong, so that an export is asked for instead.
type archive struct {
	files
	live
}

// newArchive returns the files of a container.
func newArchive(api client.APIClient, id string) *archive {
	a := &archive{live: live{api: api, id: id, cache: &cache{}}}
	a.files = files{source: a.live}
	return a
}

// errNoProcess is the error of starting a process through an archive.
var errNoProcess = errors.New("files of a container are read through the engine, which starts no process")

// Start implements backends.Backend: it is always an error.
func (*archive) Start(context.Context, backends.Command) (backends.Process, error) {
	return nil, errNoProcess
}

// Close implements backends.Backend. The client is left open.
func (*archive) Close() error { return nil }

// live asks the engine anew each time. Paths given to its methods are clean and have
// no link in them but in the last part.
type live struct {
	api   client.APIClient
	id    string
	cache *cache
}

// A cache keeps what does not change while a container is looked at.
type cache struct {
	mu    sync.Mutex
	facts *facts
}

// facts say what of a container's files the API can show.
type facts struct {
	// podman serves the API: its stat follows links, and its tars of a path say
	// that all belongs to root, as was seen of podman 4.3.
	podman bool
	// ownUsers says that users in the container have other numbers than outside.
	ownUsers bool
	// hidden are folders of which the API shows nothing that is in them, and
	// mounts are what it does not show itself either.
	hidden, mounts []string
	// size is that of the container's image; 0 if unknown.
	size int64
}

// facts asks once.
func (l live) facts(ctx context.Context) (*facts, error) {
	l.cache.mu.Lock()
	defer l.cache.mu.Unlock()
	if l.cache.facts != nil {
		return l.cache.facts, nil
	}
	podman, err := isPodman(ctx, l.api)
	if err != nil {
		return nil, l.broken(ctx, err)
	}
	c, err := l.api.ContainerInspect(ctx, l.id)
	if err != nil {
		return nil, l.broken(ctx, err)
	}
	f := &facts{podman: podman, hidden: []string{"/proc", "/sys", "/dev"}}
	if c.ContainerJSONBase != nil && c.HostConfig != nil {
		f.ownUsers = c.HostConfig.UsernsMode == "private"
		for dir := range c.HostConfig.Tmpfs {
			f.hidden = append(f.hidden, path.Clean(dir))
		}
	}
	for _, m := range c.Mounts {
		if m.Type == "tmpfs" {
			f.hidden = append(f.hidden, path.Clean(m.Destination))
		} else {
			f.mounts = append(f.mounts, path.Clean(m.Destination))
		}
	}
	if c.ContainerJSONBase != nil {
		if image, err := l.api.ImageInspect(ctx, c.Image); err == nil {
			f.size = image.Size
		}
	}
	l.cache.facts = f
	return f, nil
}

// isPodman reports whether it is podman that serves the API.
func isPodman(ctx context.Context, api client.APIClient) (bool, error) {
	v, err := api.ServerVersion(ctx)
	return slices.ContainsFunc(v.Components, func(c types.ComponentVersion) bool { return strings.Contains(c.Name, "Podman") }), err
}

// An unseenError says that a path is below one that the API shows nothing of.
type unseenError struct{ dir string }

func (e *unseenError) Error() string {
	return "what is in " + e.dir + " of a container can only be seen by a process in it"
}

// errLoop is the error of links that lead round in a circle.
var errLoop = errors.New("too many levels of symbolic links")

// below reports whether a path is in a folder, however deep.
func below(name, dir string) bool {
	return dir == "/" && name != "/" || strings.HasPrefix(name, dir+"/")
}

// visible is the error of a path that the API shows nothing of.
func (l live) visible(ctx context.Context, name string) error {
	f, err := l.facts(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(f.hidden, func(dir string) bool { return below(name, dir) }); i >= 0 {
		return &unseenError{f.hidden[i]}
	}
	return nil
}

// forOne implements source.
func (l live) forOne(ctx context.Context, name string) (source, error) {
	f, err := l.facts(ctx)
	if err != nil {
		return nil, err
	}
	if !f.podman {
		return l, nil
	}
	return newExport(ctx, l, []string{name}), nil
}

// lstat describes a path. Where the target of a link is, comes resolved from the
// engine, mostly.
func (l live) lstat(ctx context.Context, name string) (container.PathStat, error) {
	if err := l.visible(ctx, name); err != nil {
		return container.PathStat{}, err
	}
	st, err := l.api.ContainerStatPath(ctx, l.id, name)
	switch {
	case err == nil && strings.ContainsRune(st.LinkTarget, '\uFFFD'):
		// JSON has no way to say what is not UTF-8. The tar has.
		h, err := l.head(ctx, name)
		st.LinkTarget = h.link
		return st, err
	case err == nil:
		return st, nil
	case cerrdefs.IsNotFound(err):
		return st, l.missing(ctx)
	}
	// An answer to HEAD has no words in it.
	_, err = l.fetch(ctx, name, func(string, *tar.Header, io.Reader) error { return errEnough })
	if err == nil {
		err = errors.New("the engine cannot describe it, and does not say why")
	}
	return st, err
}

// missing tells a file that is not there from a container that is not.
func (l live) missing(ctx context.Context) error {
	if _, err := l.api.ContainerStatPath(ctx, l.id, "/"); err != nil {
		return l.broken(ctx, err)
	}
	return fs.ErrNotExist
}

// broken makes sense of an error of the engine that is not about a file.
func (l live) broken(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case cerrdefs.IsNotFound(err):
		return fmt.Errorf("the container is gone: %w", backends.ErrLost)
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%w: %w", backends.ErrLost, err)
	}
	return err
}

// judge makes sense of an error of the engine about a file.
func (l live) judge(ctx context.Context, err error) error {
	switch text := err.Error(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case cerrdefs.IsNotFound(err):
		return l.missing(ctx)
	case strings.HasSuffix(text, "not a directory"):
		return fmt.Errorf("not a directory: %w", fs.ErrNotExist)
	case strings.Contains(text, "too many links"), strings.Contains(text, "too many levels of symbolic links"):
		return errLoop
	}
	return l.broken(ctx, err)
}

// errEnough ends a fetch.
var errEnough = errors.New("no more is wanted")

// fetch hands all entries of the tar of a path to each, until that says errEnough.
// whole reports whether the end was reached.
func (l live) fetch(ctx context.Context, name string, each func(name string, h *tar.Header, r io.Reader) error) (whole bool, err error) {
	r, err := l.ask(ctx, name)
	if err != nil {
		return false, err
	}
	defer r.Close()
	return r.each(each)
}

// each hands all entries to a function, until that says errEnough; see fetch.
func (e *entries) each(do func(name string, h *tar.Header, r io.Reader) error) (whole bool, err error) {
	for {
		name, h, err := e.next()
		switch {
		case err == io.EOF:
			return true, nil
		case err == nil:
			err = do(name, h, e)
		}
		if errors.Is(err, errEnough) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// A head is what only the tar tells about a file.
type head struct {
	uid, gid int    // -1 where not even the tar does, as about sockets
	link     string // where a link points to, as it is written there
}

func headOf(h *tar.Header) head {
	out := head{uid: h.Uid, gid: h.Gid}
	if h.Typeflag == tar.TypeSymlink {
		out.link = h.Linkname
	}
	return out
}

// head reads the first header of the tar of a path.
func (l live) head(ctx context.Context, name string) (head, error) {
	var found head
	_, err := l.fetch(ctx, name, func(_ string, h *tar.Header, _ io.Reader) error {
		found = headOf(h)
		return errEnough
	})
	return found, err
}

// inLoop describes a link of which the engine says only that it leads round in a
// circle. The tar of the folder above has it.
func (l live) inLoop(ctx context.Context, name string) (st container.PathStat, found head, err error) {
	err = fs.ErrNotExist
	_, fetchErr := l.fetch(ctx, path.Dir(name), func(at string, h *tar.Header, _ io.Reader) error {
		if at != name || h.Typeflag != tar.TypeSymlink {
			return nil
		}
		st, found, err = statOf(h), headOf(h), nil
		return errEnough
	})
	if fetchErr != nil {
		err = fetchErr
	}
	return st, found, err
}

// statOf is what a header tells of what lstat would.
func statOf(h *tar.Header) container.PathStat {
	st := container.PathStat{Size: h.Size, Mode: h.FileInfo().Mode(), Mtime: h.ModTime}
	if h.Typeflag == tar.TypeSymlink {
		st.LinkTarget, st.Size = h.Linkname, int64(len(h.Linkname))
	}
	return st
}

// named returns a function that names entries by their path in the container. The
// first entry of a tar is what was asked for, under a name that engines do not agree
// on for /.
func named(asked string) func(*tar.Header) string {
	first := true
	var root string
	return func(h *tar.Header) string {
		name := path.Clean("/" + h.Name)
		if first {
			first, root = false, strings.TrimSuffix(name, "/")
		}
		return path.Join(asked, strings.TrimPrefix(name, root))
	}
}

// list returns the names in a folder. The engine sends all that is below, too; of
// that nothing is kept.
func (l live) list(ctx context.Context, dir string) ([]string, error) {
	names := []string{}
	_, err := l.fetch(ctx, dir, func(name string, _ *tar.Header, _ io.Reader) error {
		if name != dir && path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// open streams a regular file, which ends with the context at the latest.
func (l live) open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := l.ask(ctx, name)
	if err != nil {
		return nil, err
	}
	_, h, err := r.next()
	if err == nil && !isRegular(h) {
		err = backends.ErrNotRegular // another file stands there by now
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func isRegular(h *tar.Header) bool {
	return h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeGNUSparse
}
