package main

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
}

// A seenFile is what tells that a file has changed. Looking again and again finds what
// editors do by renaming, and works on every file system.
type seenFile struct {
	from     loop.Stage
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
				f := seenFile{from: r.from, size: info.Size(), mode: info.Mode(), modified: info.ModTime().UnixNano()}
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

// passing tells whether a name is one of those that editors and reports use for a
// moment.
func passing(name string) bool {
	if strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") || strings.HasPrefix(name, "#") || name == "4913" {
		return true
	}
	hidden, _ := filepath.Match(".*.sw?", name)
	part, _ := filepath.Match(".*.part", name)
	return hidden || part
}

// changed says from which stage on the changes matter, and which files have changed, as
// people name them.
func changed(before, now map[string]seenFile) (from loop.Stage, names []string) {
	order := loop.Stages()
	first := len(order)
	note := func(name string, f seenFile) {
		if i := slices.Index(order, f.from); i >= 0 {
			first = min(first, i)
			names = append(names, shortName(name))
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
	slices.Sort(names)
	if first == len(order) {
		return loop.Green, names
	}
	return order[first], names
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
