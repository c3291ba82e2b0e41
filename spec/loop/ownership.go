package loop

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/snapshot"
	"github.com/hostspec/hostspec/spec/target"
)

// An ownership is what the changed packages say of themselves.
type ownership struct {
	// files are the packages that files belong to, by their names on the disk.
	files map[string]string
	// gone are those that files belonged to which they do not bring any more.
	gone map[string]string
	// edited are the conffiles that are no longer as they came.
	edited map[string]bool
	// auto are the packages that nobody asked for.
	auto map[string]bool
	// skeleton are the SHA-256 of what every new home begins with, by names within.
	skeleton map[string]string
}

// ownership asks dpkg about the packages that were added or changed, and in the
// second container about what they, and those that are gone, were before. Other
// package managers are not asked: there files stand for themselves.
func (l *run) ownership(ctx context.Context, diff *snapshot.Difference) (ownership, error) {
	var here, before []string
	for _, i := range diff.Items {
		if i.Kind == snapshot.KindPackage && i.Change != snapshot.Removed {
			here = append(here, i.Name)
		}
		if i.Kind == snapshot.KindPackage && i.Change != snapshot.Added {
			before = append(before, i.Name)
		}
	}
	own, err := askOwnership(ctx, l.eyes, here)
	if err != nil || l.draft == nil {
		return own, err
	}
	if own.skeleton, err = l.skeleton(ctx, diff); err != nil || len(before) == 0 {
		return own, err
	}
	origin, err := l.origin(ctx)
	if err != nil {
		return own, err
	}
	was, err := askOwnership(ctx, origin, before)
	for name, owner := range was.files {
		if own.files[name] == "" {
			own.gone[name] = owner
		}
	}
	return own, err
}

const skeletonFolder = "/etc/skel/"

// skeleton hashes what every new home begins with, where there is a new user.
func (l *run) skeleton(ctx context.Context, diff *snapshot.Difference) (map[string]string, error) {
	if !slices.ContainsFunc(diff.Items, func(i snapshot.Item) bool { return i.Kind == snapshot.KindUser && i.Change == snapshot.Added }) {
		return nil, nil
	}
	var names []string
	for _, f := range diff.After.Facts(snapshot.KindFile) {
		if strings.HasPrefix(f.Name, skeletonFolder) {
			names = append(names, f.Name)
		}
	}
	sums, err := snapshot.Hash(ctx, l.eyes, names, snapshot.Options{})
	out := map[string]string{}
	for name, d := range sums {
		out[strings.TrimPrefix(name, skeletonFolder)] = d.SHA256
	}
	return out, err
}

func noOwnership() ownership {
	return ownership{files: map[string]string{}, gone: map[string]string{}, edited: map[string]bool{}, auto: map[string]bool{}}
}

func askOwnership(ctx context.Context, t *target.Target, names []string) (ownership, error) {
	if len(names) == 0 {
		return noOwnership(), nil
	}
	o, _, err := t.Run(ctx, t.As(), target.Script{Text: ownershipScript(names)})
	switch {
	case err != nil:
		return noOwnership(), err
	case o.Status.Code == exitNoDpkg:
		return noOwnership(), nil
	case !o.Status.Success():
		return noOwnership(), &evidence.Unknown{Reason: "dpkg-query failed: " + strings.TrimSpace(string(o.Stderr))}
	}
	return readOwnership(string(o.Stdout))
}

const exitNoDpkg = 44

// ownershipScript asks for the files of packages, for the conffiles whose MD5 sum is
// not that which the package came with, and for apt's marks. A package that dpkg does
// not know is one of another package manager's.
func ownershipScript(names []string) string {
	words := backends.Quote(names...)
	return `command -v dpkg-query >/dev/null || exit 44
command -v md5sum >/dev/null || { echo "no md5sum there to tell edited configuration by" >&2; exit 1; }
for p in ` + words + `; do echo "PACKAGE $p"; dpkg-query -L -- "$p" 2>/dev/null; done
echo EDITED; dpkg-query -W -f '${Conffiles}\n' -- ` + words + ` 2>/dev/null | sed -n 's/^ \(.*\) \([0-9a-f]\{32\}\).*/\2  \1/p' | md5sum -c 2>/dev/null | sed -n 's/: FAILED.*//p'
echo AUTO; cat /var/lib/apt/extended_states 2>/dev/null; exit 0`
}

func readOwnership(text string) (ownership, error) {
	o := noOwnership()
	lists, rest, _ := strings.Cut(text, "EDITED\n")
	edited, states, _ := strings.Cut(rest, "AUTO\n")
	owner := ""
	for line := range strings.Lines(lists) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "PACKAGE "); ok {
			owner = name
		} else if strings.HasPrefix(line, "/") && line != "/." {
			o.files[onDisk(line)] = owner
		}
	}
	for line := range strings.Lines(edited) {
		o.edited[onDisk(strings.TrimSuffix(line, "\n"))] = true
	}
	auto, err := fact.ParseExtendedStates(states)
	if err != nil {
		return o, err
	}
	for _, name := range auto {
		o.auto[name] = true
	}
	return o, nil
}

// merged are the folders that a merged /usr has links in the place of: dpkg says
// /lib/x where the disk has /usr/lib/x.
var merged = []string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"}

func onDisk(name string) string {
	if slices.ContainsFunc(merged, func(m string) bool { return strings.HasPrefix(name, m) }) {
		return "/usr" + name
	}
	return path.Clean(name)
}

// owner finds the package of a file, also where /usr is not merged.
func (o ownership) owner(name string) string { return o.files[onDisk(name)] }

// ownerOf is the package that explains what became of a file: one that has brought
// it and that it is as it came from, or one that does not bring it any more.
func (o ownership) ownerOf(i snapshot.Item) string {
	switch name := onDisk(i.Name); {
	case i.Change == snapshot.Removed:
		return o.gone[name]
	case o.edited[name]:
		return ""
	default:
		return o.files[name]
	}
}
