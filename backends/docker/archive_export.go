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
	"github.com/docker/docker/api/types/container"

	"github.com/hostspec/hostspec/backends"
)

const (
	// maxPasses bounds how often a container is exported to find where the links of
	// names that are wanted together lead to; links are all kept the first time.
	maxPasses = 3
	// maxEntries bounds what is remembered of a container's files.
	maxEntries = 300_000
)

var (
	errChanged = errors.New("it was made, or replaced, while the container's files were read; ask again")
	errTooMany = fmt.Errorf("more than %d files and links of the container would have to be remembered; ask about fewer of its folders", maxEntries)
)

// An export is what was seen of the files of a podman container in the tar of all of
// them, which tells owners and links as they are. It lacks what is mounted, sockets,
// sizes of folders, and /. Each tar takes as long as reading the whole container, so
// that one is to answer as much as it can; of the rest nothing is kept but links.
type export struct {
	live

	mu sync.Mutex
	// looked are the paths that were looked for: those without an entry are missing.
	looked   map[string]bool
	entries  map[string]entry
	lists    map[string][]string
	contents map[string][]byte
	kept     int64
	// failed is why nothing can be told; asking again would take as long.
	failed error
}

// An entry is what a tar tells about a file.
type entry struct {
	container.PathStat
	head
	// same is the path of which this is another hard link; then nothing else holds.
	same string
}

// newExport looks for files, and for what is below names that end in a slash.
func newExport(ctx context.Context, l live, names []string) *export {
	e := &export{live: l, looked: map[string]bool{"/": true}, entries: map[string]entry{}, lists: map[string][]string{}, contents: map[string][]byte{}}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !path.IsAbs(name) || strings.ContainsRune(name, 0)
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	for range maxPasses {
		if e.pass(ctx, names) != nil || !slices.ContainsFunc(names, e.incomplete) {
			break
		}
	}
	return e
}

// trail are the paths that a walk along a name asks for, as far as it is known where
// links lead to; end is where it comes to.
func (e *export) trail(name string) (trail []string, end string) {
	at, links := "/", 0
	for todo := parts(name); len(todo) > 0 && links <= maxLinks; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		at = path.Join(at, part)
		trail = append(trail, at)
		found := e.entries[at]
		if found.same != "" {
			trail = append(trail, found.same)
		}
		if found.Mode&fs.ModeSymlink != 0 {
			links++
			todo = append(parts(found.link), todo...)
			if at = path.Dir(at); path.IsAbs(found.link) {
				at = "/"
			}
		}
	}
	return trail, at
}

// incomplete reports whether another pass would tell more about a name.
func (e *export) incomplete(name string) bool {
	trail, _ := e.trail(name)
	return slices.ContainsFunc(trail, func(p string) bool { return !e.known(p) })
}

// known reports whether another pass would tell no more about a path.
func (e *export) known(name string) bool {
	if e.looked[name] {
		return true
	}
	list, listed := e.lists[path.Dir(name)]
	_, there := slices.BinarySearch(list, path.Base(name))
	return listed && !there
}

// A pass reads one tar of the whole container.
type pass struct {
	*export
	names []string
	// want are paths to keep, ends those of them that names lead to, and folders those
	// below which everything is kept.
	want, ends, folders map[string]bool
	// early are the paths that were wanted before anything in the same folder below /
	// came, and are missing if they do not come.
	early, begun map[string]bool
}

// pass looks for names. The lock is held: who asks meanwhile profits from what it finds.
func (e *export) pass(ctx context.Context, names []string) error {
	if e.failed != nil {
		return e.failed
	}
	p := &pass{
		export: e, names: names, want: map[string]bool{}, ends: map[string]bool{}, folders: map[string]bool{},
		early: map[string]bool{}, begun: map[string]bool{},
	}
	p.widen()
	err := func() error {
		r, err := e.all(ctx)
		if err != nil {
			return err
		}
		defer r.Close()
		for {
			name, h, err := r.next()
			switch {
			case err == io.EOF:
				return nil
			case err == nil:
				err = p.take(name, h, r)
			}
			if err != nil {
				return err
			}
		}
	}()
	if err != nil {
		clear(e.lists) // some of which lack names
		if ctx.Err() == nil {
			e.failed = err
		}
		return err
	}
	for name, early := range p.early {
		if early {
			e.looked[name] = true
			slices.Sort(e.lists[name])
		}
	}
	return nil
}

// widen wants what names lead to by the links that are known.
func (p *pass) widen() {
	for _, name := range p.names {
		trail, end := p.trail(name)
		for _, at := range append(trail, end) {
			if !p.want[at] {
				p.want[at] = true
				p.early[at] = !p.begun[top(at)]
			}
		}
		if !p.ends[end] && p.early[end] {
			p.ends[end] = true
			p.lists[end] = []string{}
		}
		if strings.HasSuffix(name, "/") {
			p.folders[end] = true
		}
	}
}

// top is the folder below / that a path is in.
func top(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return first
}

// within reports whether a path is in a folder of which all is kept.
func (p *pass) within(name string) bool {
	for dir := range p.folders {
		if p.early[dir] && below(name, dir) {
			return true
		}
	}
	return false
}

// take keeps what is wanted of an entry.
func (p *pass) take(name string, h *tar.Header, r io.Reader) error {
	p.begun[top(name)] = true
	within := p.within(name)
	if dir := path.Dir(name); within || p.ends[dir] {
		p.lists[dir] = append(p.lists[dir], path.Base(name))
	}
	if within && h.Typeflag == tar.TypeDir {
		p.lists[name] = []string{}
	}
	isLink := h.Typeflag == tar.TypeSymlink
	if !p.want[name] && !within && !isLink {
		return nil
	}
	if len(p.entries) >= maxEntries {
		return errTooMany
	}
	if within {
		p.early[name] = true
	}
	found := entry{PathStat: statOf(h), head: headOf(h)}
	if h.Typeflag == tar.TypeLink {
		found = entry{same: path.Join("/", h.Linkname)}
	}
	p.entries[name] = found
	if h.Typeflag != tar.TypeDir {
		p.looked[name] = true
	}
	if p.want[name] && (isLink || found.same != "") {
		p.widen()
	}
	return p.keepContent(name, h, r)
}

// keepContent keeps the content of a regular file that is not too large.
func (p *pass) keepContent(name string, h *tar.Header, r io.Reader) error {
	if _, have := p.contents[name]; have || !isRegular(h) || h.Size > maxFile || p.kept+h.Size > maxKept {
		return nil
	}
	content, err := io.ReadAll(r)
	p.contents[name] = content
	p.kept += int64(len(content))
	return err
}

// all asks for the tar of the whole container.
func (e *export) all(ctx context.Context) (*entries, error) {
	ctx, cancel := context.WithCancel(ctx)
	body, err := e.api.ContainerExport(ctx, e.id)
	if err != nil {
		defer cancel()
		return nil, e.broken(ctx, err)
	}
	return &entries{
		ctx: ctx, tar: tar.NewReader(body), only: "/", seen: true,
		name:  func(h *tar.Header) string { return path.Join("/", h.Name) },
		close: func() error { cancel(); return body.Close() },
	}, nil
}

// find returns the entry of a path, and the path of its first hard link. Where there is
// none, the error is fs.ErrNotExist.
func (e *export) find(ctx context.Context, name string) (entry, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range 2 { // what another link is the same as is none itself
		found, ok := e.entries[name]
		if !ok && !e.known(name) || e.failed != nil {
			if err := e.pass(ctx, []string{name}); err != nil {
				return entry{}, "", err
			}
			found, ok = e.entries[name]
		}
		switch {
		case !ok:
			return entry{}, name, fs.ErrNotExist
		case found.same == "":
			return found, name, nil
		}
		name = found.same
	}
	return entry{}, "", errChanged
}

// mounted are what a runtime mounts wherever the image has a file or folder of that
// name, and otherwise as well.
var mounted = [...]string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv", "/run/secrets"}

// visible adds what only exports lack.
func (e *export) visible(ctx context.Context, name string) error {
	f, err := e.facts(ctx)
	if err != nil {
		return err
	}
	for _, at := range slices.Concat(f.mounts, mounted[:]) {
		if name == at || below(name, at) {
			return &unseenError{at}
		}
	}
	return e.live.visible(ctx, name)
}

// absent tells what is missing from what the runtime makes to mount something on.
func (e *export) absent(ctx context.Context, name string) error {
	f, err := e.facts(ctx)
	if err != nil {
		return err
	}
	for _, at := range slices.Concat(f.mounts, f.hidden, mounted[:]) {
		if name == at || below(at, name) {
			return &unseenError{name}
		}
	}
	return fs.ErrNotExist
}

// lstat implements source.
func (e *export) lstat(ctx context.Context, name string) (container.PathStat, error) {
	if err := e.visible(ctx, name); err != nil {
		return container.PathStat{}, err
	}
	if name == "/" {
		return e.described(ctx, name)
	}
	found, _, err := e.find(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		st, err := e.described(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = e.absent(ctx, name)
		case err == nil && st.Mode&fs.ModeSocket == 0:
			err = errChanged
		}
		return st, err
	case err != nil || !found.Mode.IsDir() || found.Size > 0:
		return found.PathStat, err
	}
	st, err := e.described(ctx, name)
	if err != nil {
		return st, err
	}
	found.Size = st.Size
	e.mu.Lock()
	defer e.mu.Unlock()
	e.entries[name] = found
	return found.PathStat, nil
}

// described is what podman's stat tells of a path that is known not to be a link.
func (e *export) described(ctx context.Context, name string) (container.PathStat, error) {
	st, err := e.api.ContainerStatPath(ctx, e.id, name)
	switch {
	case cerrdefs.IsNotFound(err):
		err = e.missing(ctx)
	case err != nil:
		err = e.broken(ctx, err)
	}
	return st, err
}

// head implements source. Nothing tells whom / belongs to, nor who that is in a container
// with a user namespace of its own, since an export has the numbers of users outside.
func (e *export) head(ctx context.Context, name string) (head, error) {
	f, err := e.facts(ctx)
	if err != nil || name == "/" {
		return head{uid: -1, gid: -1}, err
	}
	found, _, err := e.find(ctx, name)
	if f.ownUsers {
		found.uid, found.gid = -1, -1
	}
	return found.head, err
}

// inLoop implements source; exports are not asked about where links lead to.
func (e *export) inLoop(ctx context.Context, name string) (container.PathStat, head, error) {
	found, _, err := e.find(ctx, name)
	return found.PathStat, found.head, err
}

// open implements source: what was not kept is looked for in another tar.
func (e *export) open(ctx context.Context, name string) (io.ReadCloser, error) {
	_, first, err := e.find(ctx, name)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	content, ok := e.contents[first]
	e.mu.Unlock()
	if ok {
		return io.NopCloser(strings.NewReader(string(content))), nil
	}
	r, err := e.all(ctx)
	if err != nil {
		return nil, err
	}
	for {
		found, h, err := r.next()
		switch {
		case err == io.EOF:
			err = errChanged
		case err == nil && found == first && !isRegular(h):
			err = backends.ErrNotRegular
		case err == nil && found == first:
			return r, nil
		}
		if err != nil {
			r.Close()
			return nil, err
		}
	}
}

// list implements source.
func (e *export) list(ctx context.Context, name string) ([]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if list, ok := e.lists[name]; ok {
		return slices.Clone(list), nil
	}
	if err := e.pass(ctx, []string{name}); err != nil {
		return nil, err
	}
	return append([]string{}, e.lists[name]...), nil
}

// forOne implements source.
func (e *export) forOne(context.Context, string) (source, error) { return e, nil }

// names reads a file like passwd(5) or group(5), if it was fetched.
func (e *export) names(file string) map[string]string {
	_, end := e.trail(file)
	return namesByNumber(e.contents[end])
}
