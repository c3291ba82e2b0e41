package resource

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/target"
)

// A FileTable is one file of a target that says everything about a sort of things, such as
// /proc/modules: one look at it answers about all of them, and about those that are absent.
// F is what it says about one.
type FileTable[F any] struct {
	// Name is what it is called in messages: "kernel modules".
	Name string
	// File is its path. Where it is not there, nothing can be told of a single thing.
	File string
	// None is why a target may have no such file, and then has none of the things.
	None string
	// Parse reads the whole file.
	Parse func(text []byte) (map[string]F, error)
}

// Kind returns the kind of fact to ask for by name; the zero value of F and no existence is
// the fact about a name that the table does not hold.
func (t FileTable[F]) Kind() *target.Kind[Entry[F]] {
	return &target.Kind[Entry[F]]{
		Name: t.Name,
		Ask: func(_ target.System, names []string) ([]target.Question, error) {
			return []target.Question{{Names: names, Script: "cat " + backends.Quote(t.File), Stateless: true}}, nil
		},
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[Entry[F]], error) {
			if !o.Status.Success() {
				return nil, errors.New(firstWords(o))
			}
			return t.entries(o.Stdout, q.Names)
		},
		Read: func(ctx context.Context, r backends.FileReader, _ target.System, names []string) (map[string]target.Answer[Entry[F]], error) {
			text, err := readWhole(ctx, r, t.File)
			if err != nil {
				return nil, err
			}
			return t.entries(text, names)
		},
		Reads: func(string) string { return "read " + t.File },
	}
}

// entries finds names in the text of the table.
func (t FileTable[F]) entries(text []byte, names []string) (map[string]target.Answer[Entry[F]], error) {
	all, err := t.Parse(text)
	if err != nil {
		return nil, err
	}
	out := make(map[string]target.Answer[Entry[F]], len(names))
	for _, name := range names {
		out[name] = target.Answer[Entry[F]]{Fact: entryOf(all, name)}
	}
	return out, nil
}

// Listing returns the question for all that the table holds, which are of a kind of the
// catalogue; makeFact says what there is to say about one.
func (t FileTable[F]) Listing(kind string, makeFact func(name string, f F) catalogue.Fact) *catalogue.Listing {
	file := backends.Quote(t.File)
	return &catalogue.Listing{
		Name: t.Name,
		Script: func(mark string) string {
			return "if [ -e " + file + " ]; then cat " + file + "; else echo; echo '" + mark + " none'; fi"
		},
		Read: func(_ target.System, o target.Output, parts map[string]string) ([]catalogue.Fact, error) {
			if !o.Status.Success() {
				return nil, errors.New(firstWords(o))
			}
			if _, none := parts["none"]; none {
				return []catalogue.Fact{catalogue.None(kind, "there is no "+t.File+": "+t.None)}, nil
			}
			all, err := t.Parse(o.Stdout)
			if err != nil {
				return nil, err
			}
			var out []catalogue.Fact
			for _, name := range slices.Sorted(maps.Keys(all)) {
				out = append(out, makeFact(name, all[name]))
			}
			return out, nil
		},
	}
}

// An Entry is what a table says about one name.
type Entry[F any] struct {
	Fact   F
	Exists bool
	names  []string // what else the table holds
}

func entryOf[F any](all map[string]F, name string) Entry[F] {
	f, ok := all[name]
	return Entry[F]{Fact: f, Exists: ok, names: slices.Collect(maps.Keys(all))}
}

// Near returns the names of the table that somebody may have meant who wrote another one.
func (e Entry[F]) Near(name string) []string { return similar(name, e.names) }
