package loop

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/snapshot"
)

// A folding finds out which differences are part of which.
type folding struct {
	diff  *snapshot.Difference
	owned ownership
	// into says what an item is part of, by key; one that is missing stands for
	// itself.
	into map[string]string
	all  map[string]snapshot.Item
	// contents are the packages that have brought a content, by its SHA-256.
	contents map[string]string
}

func key(kind, name string) string { return kind + " " + name }

// fold makes changes of differences: what a person would not name of its own counts
// as a part of what he would.
func fold(diff *snapshot.Difference, owned ownership) []Change {
	f := &folding{diff: diff, owned: owned, into: map[string]string{}, all: map[string]snapshot.Item{}, contents: map[string]string{}}
	for _, i := range diff.Items {
		f.all[key(i.Kind, i.Name)] = i
		if sum, ok := i.After.Get("sha256"); ok && owned.owner(i.Name) != "" && sizeOf(i) != "0" {
			f.contents[sum] = owned.owner(i.Name)
		}
	}
	for _, i := range diff.Items {
		// Links may lead to each other, and what is a part of itself would be told by
		// nobody.
		if k, whole := key(i.Kind, i.Name), f.partOf(i); f.has(whole) && f.root(whole) != k {
			f.into[k] = whole
		}
	}
	f.foldFolders()
	parts := map[string]int{}
	for k := range f.into {
		parts[f.root(k)]++
	}
	var out []Change
	for _, i := range diff.Items {
		k := key(i.Kind, i.Name)
		if _, folded := f.into[k]; !folded {
			out = append(out, Change{Kind: i.Kind, Name: i.Name, What: what(i), Parts: parts[k], item: i})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Compare(slices.Index(snapshot.Kinds(), a.Kind), slices.Index(snapshot.Kinds(), b.Kind))
	})
	return out
}

func (f *folding) has(k string) bool {
	_, ok := f.all[k]
	return ok
}

// root follows parts of parts.
func (f *folding) root(k string) string {
	for whole, ok := f.into[k]; ok; whole, ok = f.into[k] {
		k = whole
	}
	return k
}

func what(i snapshot.Item) string {
	_, text, _ := strings.Cut(i.String(), "  ")
	return text
}

// partOf is the key of what an item is part of, or "".
func (f *folding) partOf(i snapshot.Item) string {
	switch i.Kind {
	case snapshot.KindPackage:
		return f.partOfPackage(i)
	case snapshot.KindService:
		return f.partOfUnit(i)
	case snapshot.KindGroup:
		// A user's own primary group, which came and went with him.
		u, ok := f.all[key(snapshot.KindUser, i.Name)]
		if ok && i.Change == u.Change && attr(i, "gid") == attr(u, "gid") && i.Change != snapshot.Changed {
			return key(snapshot.KindUser, i.Name)
		}
	case snapshot.KindPassword:
		if u, ok := f.all[key(snapshot.KindUser, i.Name)]; ok && u.Change != snapshot.Changed {
			return key(snapshot.KindUser, i.Name)
		}
	case snapshot.KindFile, snapshot.KindCron:
		return f.partOfFile(i)
	}
	return ""
}

// attr is an attribute of an item as it is now, or was.
func attr(i snapshot.Item, key string) string {
	if v, ok := i.After.Get(key); ok {
		return v
	}
	v, _ := i.Before.Get(key)
	return v
}

func typeOf(i snapshot.Item) string { return attr(i, "type") }
func sizeOf(i snapshot.Item) string { return attr(i, "size") }

func isFile(i snapshot.Item) bool {
	return i.Kind == snapshot.KindFile || i.Kind == snapshot.KindCron
}

// partOfPackage folds what came along under what was asked for.
func (f *folding) partOfPackage(i snapshot.Item) string {
	if i.Change != snapshot.Added || !f.owned.auto[i.Name] {
		return ""
	}
	for _, other := range f.diff.Items {
		if other.Kind == snapshot.KindPackage && other.Change == snapshot.Added && !f.owned.auto[other.Name] {
			return key(other.Kind, other.Name)
		}
	}
	return ""
}

// partOfUnit folds a unit that a package has brought and nobody has put to use, and
// one that went with its package.
func (f *folding) partOfUnit(i snapshot.Item) string {
	enabled, active := attr(i, "enabled"), attr(i, "active")
	if i.Change == snapshot.Changed || i.Change == snapshot.Added && (active != "inactive" || strings.HasPrefix(enabled, "enabled") || strings.HasPrefix(enabled, "masked")) {
		return ""
	}
	unit := i.Name
	for _, folder := range []string{"/usr/lib/systemd/system/", "/etc/init.d/"} {
		name := unit
		if folder == "/etc/init.d/" {
			name = strings.TrimSuffix(name, ".service")
		}
		i.Name = folder + name
		if owner := f.owned.ownerOf(i); owner != "" {
			return key(snapshot.KindPackage, owner)
		}
	}
	return ""
}

var (
	// wanted is a link by which systemd starts a unit with another (systemd.unit(5)).
	wanted = regexp.MustCompile(`^/etc/systemd/system/[^/]+\.(?:wants|requires|upholds)/([^/]+)$`)
	// runlevel is a link by which sysvinit starts a script.
	runlevel = regexp.MustCompile(`^/etc/rc[0-6S]\.d/[SK][0-9]{2}(.+)$`)
)

// partOfFile is the key of what a file is part of, or "".
func (f *folding) partOfFile(i snapshot.Item) string {
	if owner := f.owned.ownerOf(i); owner != "" {
		return key(snapshot.KindPackage, owner)
	}
	for _, re := range []*regexp.Regexp{wanted, runlevel} {
		if m := re.FindStringSubmatch(i.Name); m != nil {
			if service := f.service(m[1]); service != "" {
				return service
			}
		}
	}
	// A mask is a link in the place of a unit, and a mounted folder hides what was there.
	if unit, ok := strings.CutPrefix(i.Name, "/etc/systemd/system/"); ok && attr(i, "link") == "/dev/null" {
		return f.service(unit)
	}
	if mounted := key(snapshot.KindMount, i.Name); f.has(mounted) {
		return mounted
	}
	if i.Change == snapshot.Removed {
		return f.partOfRemoved(i)
	}
	if i.Change != snapshot.Added {
		return ""
	}
	if user := f.userOf(i); user != "" {
		return user
	}
	if typeOf(i) == "link" {
		return f.partOfLink(i)
	}
	if owner := f.contents[attr(i, "sha256")]; owner != "" && !f.owned.edited[onDisk(i.Name)] {
		return key(snapshot.KindPackage, owner)
	}
	// What a package makes when it is configured, outside of what people edit.
	folder := parent(i.Name)
	owner := f.owned.owner(folder)
	if owner != "" && !strings.HasPrefix(i.Name, "/etc/") && f.all[key(snapshot.KindFile, folder)].Change == snapshot.Added {
		return key(snapshot.KindPackage, owner)
	}
	return ""
}

// partOfRemoved folds what lay in a folder that was removed as a whole, and what was
// a removed user's home.
func (f *folding) partOfRemoved(i snapshot.Item) string {
	for _, u := range f.diff.Items {
		if u.Kind == snapshot.KindUser && u.Change == snapshot.Removed && attr(u, "home") == i.Name {
			return key(u.Kind, u.Name)
		}
	}
	folder := key(snapshot.KindFile, parent(i.Name))
	if f.all[folder].Change == snapshot.Removed {
		return folder
	}
	return ""
}

// service is the key of a changed service by the name of its unit or script.
func (f *folding) service(unit string) string {
	for _, name := range []string{unit, unit + ".service"} {
		if f.has(key(snapshot.KindService, name)) {
			return key(snapshot.KindService, name)
		}
	}
	return ""
}

// userOf is the key of a new user whose home a file is, or lies in as a copy of what
// every new home begins with.
func (f *folding) userOf(i snapshot.Item) string {
	for _, u := range f.diff.Items {
		if u.Kind != snapshot.KindUser || u.Change != snapshot.Added {
			continue
		}
		home := attr(u, "home")
		if home == "" || home == "/" {
			continue
		}
		rest, inside := strings.CutPrefix(i.Name, home+"/")
		if i.Name == home && typeOf(i) == "directory" && !f.filled(home) || inside && f.isSkeleton(rest, i) {
			return key(u.Kind, u.Name)
		}
	}
	return ""
}

// filled reports whether converge has put something into a folder that a new user does
// not get by himself.
func (f *folding) filled(home string) bool {
	for _, i := range f.diff.Items {
		if rest, inside := strings.CutPrefix(i.Name, home+"/"); inside && isFile(i) && !f.isSkeleton(rest, i) {
			return true
		}
	}
	return false
}

// isSkeleton reports whether a file equals the one of /etc/skel.
func (f *folding) isSkeleton(rest string, i snapshot.Item) bool {
	skel, ok := f.diff.After.Fact(snapshot.KindFile, skeletonFolder+rest)
	if !ok {
		return false
	}
	was := skel.Attrs()
	sum, known := was.Get("sha256")
	if !known {
		sum = f.owned.skeleton[rest]
	}
	kind, _ := was.Get("type")
	link, _ := was.Get("link")
	return typeOf(i) == kind && attr(i, "link") == link && attr(i, "sha256") == sum && (kind != "file" || sum != "")
}

// partOfLink folds a new link under what it leads to, where that has changed as well.
func (f *folding) partOfLink(i snapshot.Item) string {
	to := attr(i, "link")
	if !path.IsAbs(to) {
		to = path.Join(parent(i.Name), to)
	}
	if owner := f.owned.owner(to); owner != "" {
		return key(snapshot.KindPackage, owner)
	}
	for _, kind := range []string{snapshot.KindFile, snapshot.KindCron} {
		if f.has(key(kind, to)) {
			return key(kind, to)
		}
	}
	return ""
}

// foldFolders folds new and removed folders that hold nothing but parts of something.
// The innermost come first.
func (f *folding) foldFolders() {
	for _, i := range slices.Backward(f.diff.Items) {
		k := key(i.Kind, i.Name)
		if _, folded := f.into[k]; folded || i.Kind != snapshot.KindFile || typeOf(i) != "directory" || i.Change == snapshot.Changed {
			continue
		}
		if whole := f.explained(i.Name); whole != "" {
			f.into[k] = whole
		}
	}
}

// explained is what the changed children of a folder are part of, or "" where one of
// them stands for itself.
func (f *folding) explained(folder string) (whole string) {
	for _, child := range f.diff.Items {
		if !isFile(child) || parent(child.Name) != folder {
			continue
		}
		k := key(child.Kind, child.Name)
		root := f.root(k)
		if root == k || root == key(snapshot.KindFile, folder) {
			return ""
		}
		whole = root
	}
	return whole
}

func parent(name string) string { return path.Dir(name) }
