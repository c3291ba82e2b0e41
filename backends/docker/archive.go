package docker

import (
	"context"
	"errors"
	"io"

	"github.com/docker/docker/client"

	"github.com/hostspec/hostspec/backends"
)

var errNoArchive = errors.New("files of containers cannot be read yet")

// archive is to read the files of a container.
type archive struct{}

func newArchive(client.APIClient, string) *archive { return &archive{} }

func (*archive) Stat(context.Context, string, bool) (backends.FileInfo, error) {
	return backends.FileInfo{}, errNoArchive
}

func (*archive) Open(context.Context, string) (io.ReadCloser, error) { return nil, errNoArchive }

func (*archive) ReadDir(context.Context, string) ([]string, error) { return nil, errNoArchive }

func (*archive) ReadLink(context.Context, string) (string, error) { return "", errNoArchive }

func (*archive) Prefetch(context.Context, []string) backends.FileReader { return nil }
