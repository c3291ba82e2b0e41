package snapshot

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// A Change is what became of a fact.
type Change string

// What can become of a fact. Unknown means that it could not be told: something is
// known on one side and not on the other, or on neither.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
	Unknown Change = "unknown"
)

// An Item is one thing that differs, or of which it could not be told.
type Item struct {
	Kind string `json:"kind"`
	// Name is empty where it is about all of a kind.
	Name   string `json:"name"`
	Change Change `json:"change"`
	// Before and After are all attributes of what was added or removed, and of what
	// was changed those that differ. Nil stands for what is not there.
	Before Attrs `json:"before"`
	After  Attrs `json:"after"`
	// Reason says why it could not be told.
	Reason string `json:"reason,omitempty"`
}

// A Difference is what differs between two snapshots.
type Difference struct {
	Before, After *Snapshot
	// Items are sorted by kind, in the order of Kinds, and by name.
	Items []Item
	// Unknown are what could not be told, sorted likewise.
	Unknown []Item
}

// Same reports whether nothing differs and all could be told.
func (d *Difference) Same() bool { return len(d.Items) == 0 && len(d.Unknown) == 0 }

// DiffOptions say what a comparison leaves out, beside what the snapshots say that
// they left out. The zero value works.
type DiffOptions struct {
	// Ignore are patterns as in NoiseRule.Pattern.
	Ignore []string
}

// Diff compares two snapshots. Noise is left out. Times, inodes and process numbers
// are never compared. A pattern of opt must have passed CheckIgnore.
//
// Account databases are told as users, groups and passwords, cron tables as cron.
// What could not be told on both sides could not be compared, and stands among the
// Unknown; that both targets have no such thing (no init system, no package
// database) is the same.
func Diff(before, after *Snapshot, opt DiffOptions) *Difference {
	c := &comparison{
		sides: [2]*side{newSide(before, "before"), newSide(after, "after")},
		out:   &Difference{Before: before, After: after},
		skip:  map[string]bool{},
	}
	ignore := slices.Concat(before.Ignored, after.Ignored, opt.Ignore)
	c.filter = newFilter(ignore, slices.Concat(before.asked, after.asked), before.Container || after.Container)
	c.compareKinds()
	c.compareFolders()
	c.merge()
	for _, items := range [][]Item{c.out.Items, c.out.Unknown} {
		order := Kinds()
		slices.SortStableFunc(items, func(a, b Item) int {
			return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Name, b.Name))
		})
	}
	return c.out
}

// A comparison is one call of Diff.
type comparison struct {
	sides  [2]*side
	filter filter
	skip   map[string]bool // kinds of which nothing can be compared
	out    *Difference
}

// A side is one of the two snapshots.
type side struct {
	*Snapshot
	label string
	// closed are files and folders of which, or below which, nothing is known.
	closed map[string]string
}

func newSide(s *Snapshot, label string) *side {
	out := &side{s, label, map[string]string{}}
	for _, kind := range []string{KindFile, KindCron} {
		for _, f := range s.Facts(kind) {
			if !f.Uncertain() {
				continue
			}
			for _, a := range f.Attrs() {
				if a.Unknown && (a.Key == "entries" || a.Key == "type") {
					out.closed[f.Name] = a.Value
				}
			}
		}
	}
	return out
}

// sees reports whether a file would be known on this side if it were there.
func (s *side) sees(name string) bool {
	if !slices.ContainsFunc(s.Watched, func(dir string) bool { return below(name, dir) }) {
		return false
	}
	for i := len(name) - 1; i >= 0 && len(s.closed) > 0; i-- {
		if name[i] == '/' {
			if _, closed := s.closed[name[:max(i, 1)]]; closed {
				return false
			}
		}
	}
	return true
}

func (c *comparison) unknown(kind, name, reason string) {
	c.out.Unknown = append(c.out.Unknown, Item{Kind: kind, Name: name, Change: Unknown, Reason: reason})
}

// compareKinds tells what is not known of whole kinds.
func (c *comparison) compareKinds() {
	for _, kind := range Kinds() {
		if c.filter.ignores(kind, "", false) {
			continue
		}
		var reasons []string
		none := 0
		for _, s := range c.sides {
			f, _ := s.Fact(kind, "")
			for _, a := range f.Attrs() {
				switch a.Key {
				case catalogue.KeyNone:
					none++
				case catalogue.KeyAll:
					c.skip[kind] = true
				}
				reasons = append(reasons, s.label+": "+a.Value)
			}
		}
		if none == 2 || len(reasons) == 0 {
			continue
		}
		c.skip[kind] = c.skip[kind] || none > 0
		c.unknown(kind, "", strings.Join(reasons, "; "))
	}
}

// compareFolders tells which folders cannot be looked into, or were by one side
// alone.
func (c *comparison) compareFolders() {
	reasons := map[string][]string{}
	for i, s := range c.sides {
		other := c.sides[1-i]
		for _, dir := range s.Watched {
			if !slices.ContainsFunc(other.Watched, func(d string) bool { return below(dir, d) }) {
				reasons[dir] = append(reasons[dir], "watched only "+s.label)
			}
		}
		for dir, reason := range s.closed {
			if other.sees(dir) {
				reasons[dir] = append(reasons[dir], s.label+": "+reason)
			}
		}
	}
	for dir, list := range reasons {
		if !c.filter.ignores(KindFile, strings.TrimSuffix(dir, "/")+"/*", false) {
			c.unknown(KindFile, strings.TrimSuffix(dir, "/")+"/**", strings.Join(list, "; "))
		}
	}
}

// merge walks through the facts of both, which are sorted.
func (c *comparison) merge() {
	a, b := c.sides[0].facts, c.sides[1].facts
	for len(a) > 0 || len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = compareFacts(a[0], b[0])
		}
		switch {
		case order < 0:
			c.only(0, a[0])
			a = a[1:]
		case order > 0:
			c.only(1, b[0])
			b = b[1:]
		default:
			c.both(a[0], b[0])
			a, b = a[1:], b[1:]
		}
	}
}

// left reports whether a fact is not compared.
func (c *comparison) left(f Fact) bool {
	return f.Name == "" || c.skip[f.Kind] || c.filter.ignores(f.Kind, f.Name, strings.HasPrefix(f.Text(), "type=directory"))
}

// only tells of a fact that one side alone has.
func (c *comparison) only(i int, f Fact) {
	if c.left(f) {
		return
	}
	if f.Kind == KindFile || f.Kind == KindCron {
		if _, closed := c.sides[i].closed[f.Name]; closed && f.Text() == "" || !c.sides[1-i].sees(f.Name) {
			return // told by the folder
		}
	}
	var known Attrs
	for _, a := range f.Attrs() {
		switch {
		case !a.Unknown && !a.Beside():
			known = append(known, a)
		case a.Unknown && a.Key == "type":
			return // told by compareFolders
		}
	}
	if known == nil {
		known = Attrs{}
	}
	item := Item{Kind: f.Kind, Name: f.Name, Change: Removed, Before: known}
	if i == 1 {
		item.Change, item.Before, item.After = Added, nil, known
	}
	c.out.Items = append(c.out.Items, item)
}

// both compares a fact that both sides have.
func (c *comparison) both(a, b Fact) {
	listed := c.listed(a, b)
	if a.Text() == b.Text() && !a.Uncertain() && listed == "" || c.left(a) || c.left(b) {
		return
	}
	before, after := Attrs{}, Attrs{}
	var reasons []string
	if listed != "" {
		reasons = append(reasons, listed)
	}
	old, young := a.Attrs(), b.Attrs()
	for _, key := range keysOf(old, young) {
		x, y := find(old, key), find(young, key)
		switch {
		case x.Beside() || key == "entries" || key == "sha256" && listed != "":
		case x.Unknown || y.Unknown:
			if key == "type" {
				return // told by compareFolders
			}
			reasons = append(reasons, untold(x, y))
		case x.Value != y.Value:
			before, after = appendKnown(before, x), appendKnown(after, y)
		}
	}
	if len(before)+len(after) > 0 {
		c.out.Items = append(c.out.Items, Item{Kind: a.Kind, Name: a.Name, Change: Changed, Before: before, After: after})
	}
	if len(reasons) > 0 {
		c.unknown(a.Kind, a.Name, strings.Join(reasons, "; "))
	}
}

// listed says why the contents of a file cannot be compared: it was only listed, on
// one side or on both.
func (c *comparison) listed(a, b Fact) string {
	x, y := c.sides[0], c.sides[1]
	_, one := x.stamps[a.Name]
	_, two := y.stamps[b.Name]
	if !one && !two || a.Kind != KindFile && a.Kind != KindCron || slices.Contains(accountFiles, a.Name) ||
		!strings.HasPrefix(a.Text(), "type=file") || !strings.HasPrefix(b.Text(), "type=file") {
		return ""
	}
	switch {
	case one && two && sameStamp(x.Snapshot, y.Snapshot, a.Name):
		return ""
	case one && two:
		return "content: it was not hashed"
	case one:
		return "content: it was not hashed before"
	}
	return "content: it was not hashed after"
}

// keysOf are the keys of both in order.
func keysOf(a, b Attrs) []string {
	var keys []string
	for _, attr := range slices.Concat(a, b) {
		if !slices.Contains(keys, attr.Key) {
			keys = append(keys, attr.Key)
		}
	}
	return keys
}

// find returns the attribute of a key; one that is not there has no value.
func find(attrs Attrs, key string) Attr {
	for _, a := range attrs {
		if a.Key == key {
			return a
		}
	}
	return Attr{Key: key}
}

func appendKnown(attrs Attrs, a Attr) Attrs {
	if a.Value == "" {
		return attrs
	}
	return append(attrs, a)
}

// untold says of which attribute it could not be told, and why.
func untold(x, y Attr) string {
	var reasons []string
	if x.Unknown {
		reasons = append(reasons, "before: "+x.Value)
	}
	if y.Unknown {
		reasons = append(reasons, "after: "+y.Value)
	}
	key := x.Key
	if key == "sha256" {
		key = "content"
	}
	if x.Unknown && y.Unknown && x.Value == y.Value {
		return key + ": " + x.Value
	}
	return key + ": " + strings.Join(reasons, ", ")
}

// Restarted names the services that ran in both snapshots of one target and were
// started anew in between, sorted. That is not a difference, but is seldom meant.
func Restarted(before, after *Snapshot) []string {
	var out []string
	for _, b := range after.Facts(KindService) {
		a, ok := before.Fact(KindService, b.Name)
		if !ok || a.Text() == b.Text() || !strings.HasSuffix(b.Name, ".service") {
			continue
		}
		x, y := a.Attrs(), b.Attrs()
		pid, ran := x.Get(".pid")
		pid2, runs := y.Get(".pid")
		if ran && runs && (pid != pid2 || find(x, ".since") != find(y, ".since")) {
			out = append(out, b.Name)
		}
	}
	return out
}
