package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/container"

	"github.com/hostspec/hostspec/backends"
)

// What a prefetch may cost.
const (
	// atOnce is how many tars are asked for at a time; each keeps a processor of
	// the engine's machine busy.
	atOnce = 4
	// fileCost is how much of a tar comes in the time that it takes to ask for
	// another one, roughly. A folder with several files that are wanted may be as
	// large as that for each of them.
	fileCost = 8 << 20
	// folderCost is how large a folder may be whose files are going to be read.
	folderCost = 32 << 20
	// maxFile and maxKept bound the contents that are kept, of one file and of all.
	maxFile = 4 << 20
	maxKept = 64 << 20
	// maxRounds bounds how often folders that turned out to be too large are asked
	// for in smaller parts, before their files are asked for one by one.
	maxRounds = 3
)

// Prefetch implements backends.Prefetcher. Folders of which several files are wanted
// are asked for as a whole, and tell about links and what is missing in them, too.
func (a *archive) Prefetch(ctx context.Context, names []string) backends.FileReader {
	switch f, err := a.facts(ctx); {
	case err != nil:
		return a // whose answers say so
	case f.podman:
		e := newExport(ctx, a.live, names)
		return &archive{files: files{source: e, users: e.names("/etc/passwd"), groups: e.names("/etc/group")}, live: a.live}
	}
	s := newSnapshot(a.live)
	s.rounds(ctx, s.lookAbove(ctx, names))
	w := s.look(ctx, names)
	s.rounds(ctx, w)
	s.round(ctx, s.singles(w))
	return &archive{files: files{source: s, users: s.names(ctx, "/etc/passwd"), groups: s.names(ctx, "/etc/group")}, live: a.live}
}

// names reads a file like passwd(5) or group(5), if it was fetched.
func (s *snapshot) names(ctx context.Context, file string) map[string]string {
	real, _, err := files{source: s}.walk(ctx, file, true)
	if err != nil {
		return nil
	}
	return namesByNumber(s.contents[real])
}

// namesByNumber reads passwd(5) or group(5): in both the third field is the number, and
// the first line counts.
func namesByNumber(content []byte) map[string]string {
	byID := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if f := strings.SplitN(line, ":", 4); len(f) == 4 && byID[f[2]] == "" {
			byID[f[2]] = f[0]
		}
	}
	return byID
}

// A snapshot is what was seen of a container's files. What it has not seen is asked
// for anew.
type snapshot struct {
	live

	mu       sync.Mutex
	stats    map[string]*statAnswer
	heads    map[string]head
	contents map[string][]byte   // of regular files
	lists    map[string][]string // of folders
	seen     map[string]bool     // files that were wanted, and found
	kept     int64
	large    map[string]bool // folders that are too large to ask for
}

// A statAnswer is known when done is closed.
type statAnswer struct {
	done chan struct{}
	container.PathStat
	err error
}

func newSnapshot(l live) *snapshot {
	return &snapshot{
		live: l, stats: map[string]*statAnswer{}, heads: map[string]head{}, contents: map[string][]byte{},
		lists: map[string][]string{}, seen: map[string]bool{}, large: map[string]bool{},
	}
}

// wanted are paths without links in them but in the last part. Of folders all that
// is below is wanted.
type wanted struct{ files, folders map[string]bool }

// lookAbove finds out where the folders are that hold the files with these names,
// some of which may not be there.
func (s *snapshot) lookAbove(ctx context.Context, names []string) wanted {
	w := wanted{map[string]bool{}, map[string]bool{}}
	var mu sync.Mutex
	inParallel(names, func(name string) {
		dir, file := path.Split(name)
		if !path.IsAbs(name) || strings.ContainsRune(name, 0) || file == "." || file == ".." {
			return
		}
		real, st, err := files{source: s}.walk(ctx, dir, true)
		if err != nil || !st.Mode.IsDir() {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if file == "" {
			w.folders[real] = true
		} else {
			w.files[path.Join(real, file)] = true
		}
	})
	return w
}

// look finds out where the names lead to. Only what exists is wanted.
func (s *snapshot) look(ctx context.Context, names []string) wanted {
	w := wanted{map[string]bool{}, map[string]bool{}}
	var mu sync.Mutex
	inParallel(names, func(name string) {
		if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
			return
		}
		for _, follow := range []bool{false, true} {
			real, st, err := files{source: s}.walk(ctx, name, follow)
			if err != nil || st.Mode&fs.ModeSocket != 0 {
				continue
			}
			mu.Lock()
			if strings.HasSuffix(name, "/") {
				w.folders[real] = true
			} else {
				w.files[real] = true
			}
			mu.Unlock()
		}
	})
	return w
}

// inParallel calls do for each name, several at a time.
func inParallel(names []string, do func(string)) {
	var all sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, name := range names {
		places <- struct{}{}
		all.Go(func() {
			do(name)
			<-places
		})
	}
	all.Wait()
}

// A job is a tar to ask for: of a folder, or of a file alone, which has no budget.
type job struct {
	name   string
	budget int64
	wanted
}

// whole are folders that hold most of a system, and are not asked for as one.
var whole = map[string]bool{"/": true, "/usr": true, "/var": true}

// folders chooses folders to ask for: those whose files are going to be read, and
// the uppermost ones in which several files are wanted.
func (s *snapshot) folders(w wanted) []job {
	budgets := map[string]int64{}
	for name := range w.files {
		if s.has(name) {
			continue
		}
		for dir := path.Dir(name); !whole[dir]; dir = path.Dir(dir) {
			budgets[dir] += fileCost
		}
	}
	maps.DeleteFunc(budgets, func(_ string, budget int64) bool { return budget == fileCost })
	for dir := range w.folders {
		if _, seen := s.lists[dir]; !seen {
			budgets[dir] += folderCost
		}
	}
	maps.DeleteFunc(budgets, func(dir string, _ int64) bool { return s.large[dir] })
	var jobs []job
	for _, dir := range slices.Sorted(maps.Keys(budgets)) {
		// A folder comes before what is in it.
		if !slices.ContainsFunc(jobs, func(j job) bool { return below(dir, j.name) }) {
			jobs = append(jobs, job{dir, budgets[dir], w})
		}
	}
	return jobs
}

// wants reports whether a file is to be read.
func (w wanted) wants(name string) bool { return w.files[name] || w.folders[name] || w.within(name) }

// within reports whether it is in a folder that is wanted.
func (w wanted) within(name string) bool {
	for dir := range w.folders {
		if below(name, dir) {
			return true
		}
	}
	return false
}

// above are the folders that hold what is wanted: it is worth knowing what else is
// there, which links may lead to.
func (w wanted) above() map[string]bool {
	above := map[string]bool{}
	for name := range w.files {
		above[path.Dir(name)] = true
	}
	return above
}

// singles are the files that no folder had.
func (s *snapshot) singles(w wanted) []job {
	var jobs []job
	for name := range w.files {
		if !s.has(name) {
			jobs = append(jobs, job{name, 0, wanted{files: map[string]bool{name: true}}})
		}
	}
	return jobs
}

func (s *snapshot) has(name string) bool { return s.seen[name] }

// rounds asks for folders, and for smaller ones where they are too large.
func (s *snapshot) rounds(ctx context.Context, w wanted) {
	for range maxRounds {
		jobs := s.folders(w)
		// Of a small image all of it comes as fast as several of its folders.
		all := fileCost * int64(len(jobs))
		if size := s.imageSize(ctx); len(jobs) > 1 && size > 0 && size < all && !s.large["/"] {
			jobs = []job{{"/", all, w}}
		}
		if !s.round(ctx, jobs) {
			return
		}
	}
}

// imageSize is 0 where it is not known.
func (s *snapshot) imageSize(ctx context.Context) int64 {
	f, err := s.facts(ctx)
	if err != nil {
		return 0
	}
	return f.size
}

// round asks for tars, and reports whether it is worth trying again with smaller ones.
func (s *snapshot) round(ctx context.Context, jobs []job) bool {
	byName := map[string]job{}
	var names []string
	for _, j := range jobs {
		byName[j.name] = j
		names = append(names, j.name)
	}
	again := false
	inParallel(names, func(name string) {
		j := byName[name]
		whole, err := s.take(ctx, j)
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case err != nil:
			// Whoever asks for one of its files is told.
			s.large[name] = true
		case !whole && j.budget > 0:
			s.large[name] = true
			again = true
		}
	})
	return again && ctx.Err() == nil
}

// take keeps what is wanted of a tar. It ends early where the tar is larger than the
// budget, or the file alone is there.
func (s *snapshot) take(ctx context.Context, j job) (bool, error) {
	var size int64
	lists, above := map[string][]string{}, j.above()
	whole, err := s.fetch(ctx, j.name, func(name string, h *tar.Header, r io.Reader) error {
		size += h.Size + 512 // a header's
		if j.budget > 0 && size > j.budget {
			return errEnough
		}
		dir := path.Dir(name)
		if list, ok := lists[dir]; ok && name != "/" {
			lists[dir] = append(list, path.Base(name))
		}
		if h.Typeflag == tar.TypeDir && (above[name] || j.folders[name] || j.within(name)) {
			lists[name] = []string{}
		}
		wants := j.wants(name)
		if wants || above[dir] {
			s.keep(name, h)
		}
		if wants {
			if err := s.keepContent(name, h, r); err != nil {
				return err
			}
		}
		if j.budget == 0 {
			return errEnough
		}
		return nil
	})
	if !whole {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for dir, list := range lists {
		slices.Sort(list)
		s.lists[dir] = list
	}
	return true, err
}

// keep keeps what an entry tells about a file.
func (s *snapshot) keep(name string, h *tar.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads[name] = headOf(h)
	if _, known := s.stats[name]; known {
		return
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeSymlink, tar.TypeFifo, tar.TypeChar, tar.TypeBlock:
		// A folder's size, and most of another name of a file, is not in the tar.
		a := &statAnswer{done: make(chan struct{}), PathStat: statOf(h)}
		close(a.done)
		s.stats[name] = a
	}
}

// keepContent keeps the content of a regular file that is not too large.
func (s *snapshot) keepContent(name string, h *tar.Header, r io.Reader) error {
	s.mu.Lock()
	s.seen[name] = true
	fits := isRegular(h) && h.Size <= maxFile && s.kept+h.Size <= maxKept
	if fits {
		s.kept += h.Size
	}
	s.mu.Unlock()
	if !fits {
		return nil
	}
	content := make([]byte, h.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contents[name] = content
	return nil
}

// lstat asks once.
func (s *snapshot) lstat(ctx context.Context, name string) (container.PathStat, error) {
	s.mu.Lock()
	a, ok := s.stats[name]
	if !ok {
		list, listed := s.lists[path.Dir(name)]
		if _, found := slices.BinarySearch(list, path.Base(name)); listed && !found && name != "/" {
			s.mu.Unlock()
			return container.PathStat{}, fs.ErrNotExist
		}
		a = &statAnswer{done: make(chan struct{})}
		s.stats[name] = a
	}
	s.mu.Unlock()
	if !ok {
		a.PathStat, a.err = s.live.lstat(ctx, name)
		close(a.done)
	}
	<-a.done // all who ask have the same context, which ends the asking
	return a.PathStat, a.err
}

// forOne implements source: what was seen answers about every name.
func (s *snapshot) forOne(context.Context, string) (source, error) { return s, nil }

func (s *snapshot) head(ctx context.Context, name string) (head, error) {
	s.mu.Lock()
	h, ok := s.heads[name]
	s.mu.Unlock()
	if ok {
		return h, nil
	}
	return s.live.head(ctx, name)
}

func (s *snapshot) open(ctx context.Context, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	content, ok := s.contents[name]
	s.mu.Unlock()
	if ok {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	return s.live.open(ctx, name)
}

func (s *snapshot) list(ctx context.Context, name string) ([]string, error) {
	s.mu.Lock()
	list, ok := s.lists[name]
	s.mu.Unlock()
	if ok {
		return slices.Clone(list), nil
	}
	return s.live.list(ctx, name)
}
