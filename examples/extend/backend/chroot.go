// Package chroot lets specs run against a directory that holds a whole system, such as an
// image that is mounted or a tree that debootstrap has made:
//
//	hostspec run -t chroot:/srv/images/web
//
// A package of specs that imports it can be aimed there.
package chroot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hostspec/hostspec/backends"
	_ "github.com/hostspec/hostspec/backends/local" // what processes are started by
)

// A scheme is known once its driver is registered, as with database/sql.
func init() {
	backends.Register("chroot", backends.Driver{
		Literal: true, // a path may hold a "?"
		Opaque:  true, // chroot:DIR, without slashes that are not DIR's
		Check:   check,
		Open:    open,
	})
}

// check says what is wrong with a target before anything is run. It touches nothing.
func check(u *backends.URI) error {
	if !filepath.IsAbs(u.Rest) {
		return errors.New("want an absolute path, as in chroot:/srv/images/web")
	}
	return nil
}

// open finds out whether the target can be used. That it cannot is an UnreachableError,
// which says what was tried, and what to do: hostspec then asks nothing of it, and exits 3.
func open(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	unreachable := func(err error, advice string) error {
		return &backends.UnreachableError{Target: u.String(), Tried: "chroot " + u.Rest, Err: err, Advice: advice}
	}
	if os.Geteuid() != 0 {
		return nil, unreachable(errors.New("only root may change the root directory"), "run hostspec as root")
	}
	info, err := os.Stat(u.Rest)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", u.Rest)
	}
	if err != nil {
		return nil, unreachable(err, "")
	}
	local, err := backends.Open(ctx, "local://")
	if err != nil {
		return nil, err
	}
	return &backend{Backend: local, root: u.Rest}, nil
}

// A backend starts the processes of another one below a directory. It has the methods of
// backends.Backend and no others: files are read by the shell there, and not by the local
// backend, which would read those of this machine.
type backend struct {
	backends.Backend
	root string
}

// Start implements backends.Backend. chroot(8) becomes the program that it starts, so that
// whatever ends the one ends the other. A directory to start in is one below the root.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return nil, errors.New("there is no program to start")
	}
	words := []string{"chroot", b.root}
	if cmd.Dir != "" {
		words = append(words, "sh", "-c", `cd "$1" && shift && exec "$@"`, "sh", cmd.Dir)
	}
	cmd.Args, cmd.Dir = append(words, cmd.Args...), ""
	return b.Backend.Start(ctx, cmd)
}
