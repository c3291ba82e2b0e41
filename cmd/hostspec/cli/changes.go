package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hostspec/hostspec/spec/loop"
)

// A root is a file or a folder that is watched, and the stage from which on a change of
// it matters; empty for what is to be passed over.
type root struct {
	path string
	from loop.Stage
	// shared says that converge may write there, too.
	shared bool
}

// A seenFile is what tells that a file has changed. Looking again and again finds what
// editors do by renaming, and works on every file system.
type seenFile struct {
	from     loop.Stage
	shared   bool
	size     int64
	mode     fs.FileMode
	modified int64 // nanoseconds
	inode    uint64
}

// scan looks at all files below the roots, and says how long that took. A file that is
// below several belongs to the first. What cannot be read is as if it were not there.
func scan(roots []root) (map[string]seenFile, time.Duration) {
	began := time.Now()
	seen := map[string]seenFile{}
	for _, r := range roots {
		path, err := filepath.EvalSymlinks(r.path)
		if err != nil {
			continue
		}
		_ = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil
			case d.IsDir() && name != path && slices.Contains([]string{".git", ".hg", ".svn"}, d.Name()):
				return fs.SkipDir
			case d.IsDir() || name != path && passing(d.Name()):
				return nil
			}
			if _, known := seen[name]; known {
				return nil
			}
			if r.from == "" {
				seen[name] = seenFile{}
				return nil
			}
			if info, err := os.Stat(name); err == nil {
				f := seenFile{from: r.from, shared: r.shared, size: info.Size(), mode: info.Mode(), modified: info.ModTime().UnixNano()}
				if sys, ok := info.Sys().(*syscall.Stat_t); ok {
					f.inode = sys.Ino
				}
				seen[name] = f
			}
			return nil
		})
	}
	return seen, time.Since(began)
}

// passing reports whether a name is one of those that editors and reports use for a
// moment.
func passing(name string) bool {
	if strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") || strings.HasPrefix(name, "#") || name == "4913" {
		return true
	}
	hidden, _ := filepath.Match(".*.sw?", name)
	part, _ := filepath.Match(".*.part", name)
	return hidden || part
}

// A change is what has become of the files that are watched.
type change struct {
	// from is the stage from which on it matters; empty where nothing has changed.
	from loop.Stage
	// compile says that specs are to be compiled anew.
	compile bool
	// names are the files, sorted, as people name them.
	names []string
}

// changed compares what was seen.
func changed(before, now map[string]seenFile) (c change) {
	order := loop.Stages()
	first := len(order)
	note := func(name string, f seenFile) {
		if i := slices.Index(order, f.from); i >= 0 {
			first = min(first, i)
			c.names = append(c.names, shortName(name))
			// Specs may use packages of the module that lie elsewhere.
			c.compile = c.compile || f.from != loop.Converged || slices.Contains([]string{".go", ".mod", ".sum"}, filepath.Ext(name))
		}
	}
	for name, f := range now {
		if before[name] != f {
			note(name, f)
		}
	}
	for name, f := range before {
		if _, still := now[name]; !still {
			note(name, f)
		}
	}
	slices.Sort(c.names)
	if first < len(order) {
		c.from = order[first]
	}
	return c
}

// differing names the shared files that differ, or are there once only.
func differing(a, b map[string]seenFile) map[string]bool {
	out := map[string]bool{}
	for name, f := range a {
		if f.shared && b[name] != f {
			out[name] = true
		}
	}
	for name, f := range b {
		if f.shared && a[name] != f {
			out[name] = true
		}
	}
	return out
}

// shortName names a file from the working directory, where it is below that.
func shortName(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return name
}
