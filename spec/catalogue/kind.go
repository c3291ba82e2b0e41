// Package catalogue lists the kinds of things that a target is made of: packages, units,
// accounts, sockets. Whoever defines a resource adds its kind here, and it is then part of
// every snapshot, of every comparison of two, and of what hostspec tdd calls covered. A
// kind from outside is added the same way:
//
//	var _ = catalogue.Add(&catalogue.Kind{
//		Name: "queue",
//		All:  &catalogue.Listing{Name: "queues", Script: ..., Read: ...},
//		Resource: "Queue",
//		Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
//			return fmt.Sprintf("Queue(%q).Should(Exist())", f.Name)
//		},
//		Absent: func(name string) string { return fmt.Sprintf("Queue(%q).ShouldNot(Exist())", name) },
//	})
package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// A Kind is one sort of thing that a target has any number of.
type Kind struct {
	// Name is what snapshots, reports and patterns (KIND:NAME) call it: "package". It is
	// one word of lower-case letters, the same for ever, since files hold it.
	Name string
	// Plural is what several are called, where that is not Name with an s.
	Plural string
	// Rank is its place where people see several kinds: lower ones come first, and those
	// of one rank in the order of their names.
	Rank int
	// All asks for all there are. Kinds that one question answers share one Listing.
	// Where it is nil, somebody else makes the facts, as snapshots do for files.
	All *Listing
	// Bare are keys whose value stands for itself where a fact is shown: of a package
	// 1.22.1 says more than "version 1.22.1".
	Bare []string
	// Noise are facts that differ although nothing of substance has changed.
	Noise []Noise

	// Resource is the kind of resource that a spec about such a thing has: "Package".
	Resource string
	// About is the name that the resource then has; where it is nil, that of the fact.
	About func(name string) string
	// Canonical, where set, returns one spelling for all that mean one thing of the
	// target. init is the init system that runs there (see target.System).
	Canonical func(r evidence.Resource, init string) evidence.Resource
	// Spec writes lines that an author would write about a thing, and that hold as long
	// as it is as f says. now is all that is known of the target.
	Spec func(f Fact, now Facts) string
	// Absent writes the line about one that is gone.
	Absent func(name string) string
}

// Noise is what is left out of comparisons.
type Noise struct {
	// Name is a pattern: a * stands for any part of a name without a slash, ** for any
	// number of folders, {a,b} for either.
	Name string
	// Why says what makes the noise.
	Why string
	// Container says that it is noise in containers only.
	Container bool
}

// Facts finds facts of one target.
type Facts interface {
	// Facts returns those of a kind, sorted by name.
	Facts(kind string) []Fact
}

// A Listing is one question that is answered by all things of one kind or more.
type Listing struct {
	// Name is what the question is about: "accounts".
	Name string
	// Script returns POSIX sh that only reads. A line of mark, a blank and a word begins
	// a part of its output of that name. No name and no content on the target holds mark.
	Script func(mark string) string
	// Read makes facts of the output, whose parts are given by name; what stands before
	// the first has the empty name. An error means that nothing could be told of any of
	// the kinds. That the target has none for a reason is None.
	Read func(sys target.System, o target.Output, parts map[string]string) ([]Fact, error)
}

var catalogue struct {
	sync.Mutex
	kinds []*Kind
}

// Add adds a kind and returns it. It panics where the kind cannot be used, or its name is
// taken.
func Add(k *Kind) *Kind {
	catalogue.Lock()
	defer catalogue.Unlock()
	switch {
	case k.Name == "" || strings.Trim(k.Name, "abcdefghijklmnopqrstuvwxyz") != "":
		panic(fmt.Sprintf("catalogue.Add: %q is not one word of lower-case letters", k.Name))
	case k.Resource == "" || k.Spec == nil || k.Absent == nil:
		panic(fmt.Sprintf("catalogue.Add: %s has no Resource, Spec or Absent", k.Name))
	case slices.ContainsFunc(catalogue.kinds, func(other *Kind) bool { return other.Name == k.Name }):
		panic(fmt.Sprintf("catalogue.Add: there is a kind %s already", k.Name))
	}
	catalogue.kinds = append(catalogue.kinds, k)
	slices.SortFunc(catalogue.kinds, func(a, b *Kind) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Name, b.Name))
	})
	return k
}

// Kinds returns all kinds in the order in which people are shown them.
func Kinds() []*Kind {
	catalogue.Lock()
	defer catalogue.Unlock()
	return slices.Clone(catalogue.kinds)
}

// Names returns the names of Kinds.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// ByName finds a kind; nil where there is none of that name.
func ByName(name string) *Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Listings returns the questions of all kinds, each once, and for each the names of its
// kinds.
func Listings() (listings []*Listing, kinds map[*Listing][]string) {
	kinds = map[*Listing][]string{}
	for _, k := range Kinds() {
		if k.All == nil {
			continue
		}
		if kinds[k.All] == nil {
			listings = append(listings, k.All)
		}
		kinds[k.All] = append(kinds[k.All], k.Name)
	}
	return listings, kinds
}

// Subject returns the resource that a spec about a thing of this kind has, as evidence
// holds it.
func (k *Kind) Subject(name string) evidence.Resource {
	if k.About != nil {
		name = k.About(name)
	}
	return Canonical(evidence.Resource{Kind: k.Resource, Name: evidence.Mask(name)}, "")
}

// Canonical returns one spelling for all resources that mean one thing of a target on which
// init runs services.
func Canonical(r evidence.Resource, init string) evidence.Resource {
	for _, k := range Kinds() {
		if k.Resource == r.Kind && k.Canonical != nil {
			return k.Canonical(r, init)
		}
	}
	return r
}

// Counted is a number of things of this kind as people read it: "2 packages".
func (k *Kind) Counted(n int) string {
	if k.Plural != "" && n != 1 {
		return fmt.Sprintf("%d %s", n, k.Plural)
	}
	return evidence.Count(n, k.Name)
}
