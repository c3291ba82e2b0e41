package resourcetest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// A filesBackend is a backend that reads files, all of which belong to root.
type filesBackend struct {
	*backend
	files fs.FS
}

// local is a name of the target as package fs has it.
func local(name string) string {
	if name == "/" {
		return "."
	}
	return strings.Trim(name, "/")
}

// Stat implements backends.FileReader.
func (b *filesBackend) Stat(_ context.Context, name string, follow bool) (backends.FileInfo, error) {
	stat := fs.Stat
	if !follow {
		stat = fs.Lstat
	}
	info, err := stat(b.files, local(name))
	if err != nil {
		return backends.FileInfo{}, err
	}
	return backends.FileInfo{Mode: backends.UnixMode(info.Mode()), Owner: "root", Group: "root", Size: info.Size(), ModTime: info.ModTime()}, nil
}

// Open implements backends.FileReader.
func (b *filesBackend) Open(_ context.Context, name string) (io.ReadCloser, error) {
	info, err := fs.Stat(b.files, local(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, backends.ErrNotRegular
	}
	return b.files.Open(local(name))
}

// ReadDir implements backends.FileReader.
func (b *filesBackend) ReadDir(_ context.Context, name string) ([]string, error) {
	entries, err := fs.ReadDir(b.files, local(name))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// ReadLink implements backends.FileReader.
func (b *filesBackend) ReadLink(_ context.Context, name string) (string, error) {
	if _, ok := b.files.(fs.ReadLinkFS); !ok {
		return "", errors.ErrUnsupported
	}
	return fs.ReadLink(b.files, local(name))
}
