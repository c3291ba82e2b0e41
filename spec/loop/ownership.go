package loop

import (
	"context"
	"path"
	"regexp"
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
	// conffiles are the MD5 sums that packages brought them with.
	conffiles map[string]string
	// edited are the conffiles that are no longer as they came.
	edited map[string]bool
	// auto are the packages that nobody asked for.
	auto map[string]bool
}

// ownership asks dpkg about the packages that were added or changed. Other package
// managers are not asked: there files stand for themselves.
func (l *run) ownership(ctx context.Context, diff *snapshot.Difference) (ownership, error) {
	none := ownership{}
	var names []string
	for _, i := range diff.Items {
		if i.Kind == snapshot.KindPackage && i.Change != snapshot.Removed {
			names = append(names, i.Name)
		}
	}
	if len(names) == 0 {
		return none, nil
	}
	o, _, err := l.target.Run(ctx, l.target.As(), target.Script{Text: ownershipScript(names)})
	if err != nil {
		return none, err
	}
	if o.Status.Code == exitNoDpkg {
		return none, nil
	}
	if !o.Status.Success() {
		return none, &evidence.Unknown{Reason: "dpkg-query failed: " + strings.TrimSpace(string(o.Stderr))}
	}
	return readOwnership(string(o.Stdout))
}

const exitNoDpkg = 44

func ownershipScript(names []string) string {
	words := backends.Quote(names...)
	return `command -v dpkg-query >/dev/null || exit 44
for p in ` + words + `; do echo "PACKAGE $p"; dpkg-query -L -- "$p" || exit 1; done
echo CONFFILES; dpkg-query -W -f '${Conffiles}\n' -- ` + words + ` || exit 1
echo EDITED; dpkg-query -W -f '${Conffiles}\n' -- ` + words + ` | sed -n 's/^ \(.*\) \([0-9a-f]\{32\}\).*/\2  \1/p' | md5sum -c 2>/dev/null | sed -n 's/: FAILED.*//p'
echo AUTO; cat /var/lib/apt/extended_states 2>/dev/null; exit 0`
}

func readOwnership(text string) (ownership, error) {
	o := ownership{files: map[string]string{}, conffiles: map[string]string{}, edited: map[string]bool{}, auto: map[string]bool{}}
	lists, rest, _ := strings.Cut(text, "CONFFILES\n")
	_, rest, _ = strings.Cut(rest, "EDITED\n")
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
	stanzas, err := fact.ParseExtendedStates(states)
	if err != nil {
		return o, err
	}
	for _, name := range stanzas {
		o.auto[name] = true
	}
	return o, nil
}

// merged are the folders that a merged /usr has links in the place of: dpkg says
// /lib/x where the disk has /usr/lib/x.
var merged = []string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"}

func onDisk(name string) string {
	for _, m := range merged {
		if strings.HasPrefix(name, m) {
			return "/usr" + name
		}
	}
	return path.Clean(name)
}

// owner finds the package of a file, also where /usr is not merged.
func (o ownership) owner(name string) string { return o.files[onDisk(name)] }

var (
	// wanted is a link by which systemd starts a unit with another (systemd.unit(5)).
	wanted = regexp.MustCompile(`^/etc/systemd/system/[^/]+\.(?:wants|requires|upholds)/([^/]+)$`)
	// runlevel is a link by which sysvinit starts a script.
	runlevel = regexp.MustCompile(`^/etc/rc[0-6S]\.d/[SK][0-9]{2}(.+)$`)
)

// partOfFile is the key of what a file is part of, or "".
func (f *folding) partOfFile(i snapshot.Item) string {
	owner := f.owned.owner(i.Name)
	if owner != "" && !f.owned.edited[onDisk(i.Name)] && i.Change != snapshot.Removed {
		return key(snapshot.KindPackage, owner)
	}
	for _, re := range []*regexp.Regexp{wanted, runlevel} {
		if m := re.FindStringSubmatch(i.Name); m != nil {
			if service := f.service(m[1]); service != "" {
				return service
			}
		}
	}
	if user := f.userOf(i); user != "" {
		return user
	}
	if typeOf(i) == "link" && i.Change == snapshot.Added {
		return f.partOfLink(i)
	}
	// What a package makes when it is configured, outside of what people edit.
	if folder := f.owned.owner(parent(i.Name)); folder != "" && !strings.HasPrefix(i.Name, "/etc/") && i.Change == snapshot.Added {
		if _, isNew := f.all[key(snapshot.KindFile, parent(i.Name))]; isNew {
			return key(snapshot.KindPackage, folder)
		}
	}
	return ""
}

// service is the key of a changed service by the name of its unit or script.
func (f *folding) service(unit string) string {
	for _, name := range []string{unit, unit + ".service"} {
		if _, ok := f.all[key(snapshot.KindService, name)]; ok {
			return key(snapshot.KindService, name)
		}
	}
	return ""
}

// userOf is the key of a new user whose home a file is, or lies in as a copy of what
// every new home begins with.
func (f *folding) userOf(i snapshot.Item) string {
	if i.Change != snapshot.Added {
		return ""
	}
	for _, u := range f.diff.Items {
		if u.Kind != snapshot.KindUser || u.Change != snapshot.Added {
			continue
		}
		home, _ := u.After.Get("home")
		if home == "" || home == "/" {
			continue
		}
		rest, inside := strings.CutPrefix(i.Name, home+"/")
		if i.Name == home && typeOf(i) == "directory" && !f.owns(home) || inside && f.isSkeleton(rest, i) {
			return key(u.Kind, u.Name)
		}
	}
	return ""
}

// owns tells whether converge has put something into a folder that a new user does
// not get by himself.
func (f *folding) owns(home string) bool {
	for _, i := range f.diff.Items {
		if rest, inside := strings.CutPrefix(i.Name, home+"/"); inside && i.Kind == snapshot.KindFile && !f.isSkeleton(rest, i) {
			return true
		}
	}
	return false
}

func (f *folding) isSkeleton(rest string, i snapshot.Item) bool {
	skel, ok := f.diff.After.Fact(snapshot.KindFile, "/etc/skel/"+rest)
	if !ok {
		return false
	}
	want, _ := skel.Attrs().Get("size")
	got, _ := i.After.Get("size")
	return want == got
}

// partOfLink folds a new link under what it leads to, where that has changed as well.
func (f *folding) partOfLink(i snapshot.Item) string {
	to, _ := i.After.Get("link")
	if !path.IsAbs(to) {
		to = path.Join(parent(i.Name), to)
	}
	if owner := f.owned.owner(to); owner != "" {
		return key(snapshot.KindPackage, owner)
	}
	for _, kind := range []string{snapshot.KindFile, snapshot.KindCron} {
		if _, ok := f.all[key(kind, to)]; ok {
			return key(kind, to)
		}
	}
	return ""
}
