// Package sandbox is the contract of throwaway machines, which hostspec tdd needs: one is
// made of an image, converged, looked at, and becomes an image again. Package
// backends/docker implements it by containers.
package sandbox

import (
	"context"
	"errors"
	"io"
	"time"
)

// Options are what a Sandbox is made from. The zero value, but for the image, makes one in
// which a process waits.
type Options struct {
	// Image names an image that is there.
	Image string
	// Systemd boots the image's systemd.
	Systemd bool
	// Mounts are SRC:DST or SRC:DST:ro, with absolute paths.
	Mounts []string
	// Command runs the image's own command, as whoever uses the image does; a process
	// waits only where there is none.
	Command bool
	// Name is the sandbox's. One without a name is removed by a later process if this
	// one dies without Close.
	Name string
	// Timeout is how long it may take to be ready; a minute when zero.
	Timeout time.Duration
}

// A Provider makes sandboxes.
type Provider interface {
	// New makes a sandbox and returns when it is ready. An error is a
	// *backends.UnreachableError, and leaves nothing behind.
	New(ctx context.Context, o Options) (Sandbox, error)
	// Reuse finds the sandbox that New has made with the name in o, and starts it where
	// it was stopped. Where there is none the error is ErrNotFound.
	Reuse(ctx context.Context, o Options) (Sandbox, error)
	// Build makes an image by a file that says how, and tells output what is printed
	// meanwhile. It returns the image that this one begins with, and its own ID.
	Build(ctx context.Context, file string, output io.Writer) (base, image string, err error)
}

// A Sandbox is a machine that was made to be changed, and perhaps to become an image.
// Nothing of how it is run stands in the image then.
type Sandbox interface {
	// URI is the target that it is, and RootURI the target that it is for root, where
	// its image has another user.
	URI() string
	RootURI() string
	// ID is what its maker calls it, and ImageID the image it was made from.
	ID() string
	ImageID() string
	// Created is when it was made, by the clock of its files.
	Created(ctx context.Context) (time.Time, error)
	// State says in words how it is, for whoever finds that it has gone.
	State(ctx context.Context) string
	// Running reports whether it runs, as far as that can be told.
	Running(ctx context.Context) bool
	// Mounted returns what is mounted in it whose content is in no image, apart from
	// what Options asked for and from what systemd needs.
	Mounted(ctx context.Context) ([]Mounted, error)
	// Commit makes an image of it as it is. Its systemd is shut down before, so that
	// what services keep in memory is written. The image has the configuration of the
	// one that the sandbox was made from, and labels beside that one's. The caller has
	// to Close it.
	Commit(ctx context.Context, labels map[string]string) (Image, error)
	// CheckTag is the error that Tag would meet at the moment. A reference that is in
	// use is ErrTagInUse, unless it is to be taken over.
	CheckTag(ctx context.Context, reference string, force bool) error
	// Tag gives another name to the image that it was made from, and returns its ID.
	Tag(ctx context.Context, reference string, force bool) (id string, err error)
	// Leave ends the use of the sandbox and leaves it where it is.
	Leave() error
	// Close removes it. It may be called more than once.
	Close() error
}

// An Image was made of a Sandbox, and has no name yet by which anybody would use it.
type Image interface {
	// ID is what its maker calls it.
	ID() string
	// Run makes a sandbox of the image that runs as it is meant to: its own command, or
	// systemd. Where that ends at once or is not healthy in time, a process waits in
	// its place, and instead says why. The caller has to Close the sandbox.
	Run(ctx context.Context) (fresh Sandbox, instead error, err error)
	// Tag gives the image the name that it is meant for.
	Tag(ctx context.Context, reference string, force bool) error
	// Close removes the image unless it was tagged. Sandboxes of it must be closed
	// first. It may be called more than once.
	Close() error
}

// Mounted is a place of a sandbox whose content is in no image that is made of it.
type Mounted struct {
	// Kind is "volume", "bind" or "tmpfs".
	Kind, Path string
}

var (
	// ErrNotFound is the error of Reuse where there is nothing to be used again.
	ErrNotFound = errors.New("nothing of that name is there to be used again")
	// ErrTagInUse is the error of a tag that names an image already.
	ErrTagInUse = errors.New("the tag is in use")
)
