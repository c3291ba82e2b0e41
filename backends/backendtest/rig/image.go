package rig

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A File is one file of an image that a test makes.
type File struct {
	// Name is the path, with or without the first slash.
	Name string
	// Type is as archive/tar has it; 0 is a regular file, and a folder where Name
	// ends in a slash.
	Type byte
	// Mode are the permissions, with setuid, setgid and sticky; 0 means 0644, and
	// 0755 for folders.
	Mode     int64
	UID, GID int
	// Link is where a link points to.
	Link string
	// Content is what a regular file holds.
	Content string
	// ModTime is when it last changed.
	ModTime time.Time
	// Major and Minor are the number of a device.
	Major, Minor int64
	// PAX are records of the extended header, such as SCHILY.xattr.user.note.
	PAX map[string]string
}

// MakeImage makes an image of nothing but files, and removes it when the test ends.
// It returns its name. Without a working Docker the test is skipped, by Skip with
// the key "docker".
func MakeImage(tb testing.TB, files ...File) string {
	tb.Helper()
	needDocker(tb)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		h := &tar.Header{
			Name: strings.TrimPrefix(f.Name, "/"), Typeflag: f.Type, Mode: f.Mode, Uid: f.UID, Gid: f.GID,
			Linkname: f.Link, Size: int64(len(f.Content)), ModTime: f.ModTime, Devmajor: f.Major, Devminor: f.Minor,
			PAXRecords: f.PAX,
		}
		folder := h.Typeflag == tar.TypeDir || h.Typeflag == 0 && strings.HasSuffix(h.Name, "/")
		switch {
		case h.Mode == 0 && folder:
			h.Mode = 0o755
		case h.Mode == 0:
			h.Mode = 0o644
		}
		must(tb, w.WriteHeader(h))
		_, err := w.Write([]byte(f.Content))
		must(tb, err)
	}
	must(tb, w.Close())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), imageTimeout)
	defer cancel()
	name := OwnName(tb, "hostspec-test/made")
	_, err := docker(ctx, &archive, "import", "-", name)
	must(tb, err)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 10*time.Minute)
		defer cancel()
		if _, err := docker(ctx, nil, "rmi", "--force", name); err != nil {
			tb.Error(err)
		}
	})
	return name
}

// Sleeper is a program that needs nothing around it, and sleeps. It is for images
// without a shell that are to run.
func Sleeper(tb testing.TB) string {
	tb.Helper()
	NotQuick(tb)
	file := filepath.Join(tb.TempDir(), "sleeper")
	run(tb, "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n", "gcc", "-static", "-x", "c", "-o", file, "-")
	program, err := os.ReadFile(file)
	must(tb, err)
	return string(program)
}

// MakeContainer makes a container of an image, and removes it when the test ends. It
// is not started. What stands before the image are options of "docker create". It
// returns the container's ID.
func MakeContainer(tb testing.TB, args ...string) string {
	tb.Helper()
	needDocker(tb)
	owner, err := thisProcess()
	must(tb, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 10*time.Minute)
	defer cancel()
	id, err := docker(ctx, nil, append([]string{"create", "--label", ownerLabel + "=" + owner.String()}, args...)...)
	must(tb, err)
	id = strings.TrimSpace(id)
	tb.Cleanup(func() { must(tb, removeContainer(context.WithoutCancel(tb.Context()), id)) })
	return id
}

// Docker runs the Docker client and returns what it printed.
func Docker(tb testing.TB, args ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 10*time.Minute)
	defer cancel()
	out, err := docker(ctx, nil, args...)
	must(tb, err)
	return out
}
