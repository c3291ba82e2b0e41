package docker

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/docker/docker/client"

	"github.com/hostspec/hostspec/backends"
)

// limited is a container in which no process can be started: its files are read.
type limited struct {
	*archive
	api    *client.Client
	reason error
	// remove takes the container away at Close; nil leaves it.
	remove func() error

	mu     sync.Mutex
	closed bool
}

var (
	_ backends.Limited    = (*limited)(nil)
	_ backends.Prefetcher = (*limited)(nil)
)

func newLimited(api *client.Client, id string, reason error, remove func() error) *limited {
	return &limited{archive: newArchive(api, id), api: api, reason: reason, remove: remove}
}

// NoProcess implements backends.Limited.
func (l *limited) NoProcess() error { return l.reason }

// Start implements backends.Backend.
func (l *limited) Start(context.Context, backends.Command) (backends.Process, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("no process can be started: %w", l.reason)
}

// open is ErrClosed after Close.
func (l *limited) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return backends.ErrClosed
	}
	return nil
}

// Stat implements backends.FileReader.
func (l *limited) Stat(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
	if err := l.open(); err != nil {
		return backends.FileInfo{}, err
	}
	return l.archive.Stat(ctx, name, follow)
}

// Open implements backends.FileReader.
func (l *limited) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	return l.archive.Open(ctx, name)
}

// ReadDir implements backends.FileReader.
func (l *limited) ReadDir(ctx context.Context, name string) ([]string, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	return l.archive.ReadDir(ctx, name)
}

// ReadLink implements backends.FileReader.
func (l *limited) ReadLink(ctx context.Context, name string) (string, error) {
	if err := l.open(); err != nil {
		return "", err
	}
	return l.archive.ReadLink(ctx, name)
}

// Prefetch implements backends.Prefetcher.
func (l *limited) Prefetch(ctx context.Context, names []string) backends.FileReader {
	if l.open() != nil {
		return l // whose answers say so
	}
	return l.archive.Prefetch(ctx, names)
}

// Close implements backends.Backend.
func (l *limited) Close() error {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return nil
	}
	var err error
	if l.remove != nil {
		err = l.remove()
	}
	_ = l.api.Close()
	return err
}
