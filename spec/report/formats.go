package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Options say how a stream writes.
type Options struct {
	// Color is for terminals only.
	Color bool
}

// A Format is a form that a run can be told in, under the name that people write after
// -f. It has a Stream or a Document.
type Format struct {
	// Name is a word of letters, digits, "-" and "_".
	Name string
	// Stream opens a report that is written as specs end, for people who look on.
	Stream func(io.Writer, Options) Stream
	// Document writes a report for a program to read, when the run is over. Nothing else
	// is written into it.
	Document func(io.Writer, *Run) error
}

// A Stream is a report that is written while the run goes on. Its methods are called one
// at a time. Packages that run at the same time on several targets come interleaved, so
// each call names the package it speaks of by the Begin it began with.
type Stream interface {
	// Begin is called once for each package on each target.
	Begin(Begin)
	// Case is called for each spec as it ends. What a filter or a focus left out is
	// Filtered, and nobody asked to see it.
	Case(Begin, Case)
	// Done is called when a package that has begun is through, however it came
	// to its end.
	Done(Begin)
	// End is called once, when all is over. What went wrong beside the specs stands in
	// the summary, and is to be told. It returns what went wrong while writing.
	End(Summary) error
}

// Default is the name of the format that is written where none was asked for.
const Default = "documentation"

// formats are the registered ones; the built-in ones come first, in this order.
var formats = struct {
	sync.RWMutex
	list []Format
}{list: []Format{
	{Name: Default, Stream: newDocumentation},
	{Name: "progress", Stream: newProgress},
	{Name: "json", Document: writeJSON},
	{Name: "junit", Document: writeJUnit},
}}

// Register makes a format available under its name, in init functions. It panics when
// the name is taken or cannot be written after -f, or when the format has not one of
// Stream and Document, since these are mistakes of the program.
func Register(f Format) {
	formats.Lock()
	defer formats.Unlock()
	switch {
	case f.Name == "" || strings.Trim(strings.ToLower(f.Name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		panic(fmt.Sprintf("report: Register of the format %q, which is not a word", f.Name))
	case (f.Stream == nil) == (f.Document == nil):
		panic("report: Register of the format " + f.Name + ", which needs a Stream or a Document, and not both")
	case slices.ContainsFunc(formats.list, func(other Format) bool { return other.Name == f.Name }):
		panic("report: Register called twice for the format " + f.Name)
	}
	formats.list = append(formats.list, f)
}

// Names returns the names of the registered formats.
func Names() []string {
	formats.RLock()
	defer formats.RUnlock()
	names := make([]string, len(formats.list))
	for i, f := range formats.list {
		names[i] = f.Name
	}
	return names
}

// Lookup returns the format of a name.
func Lookup(name string) (Format, error) {
	formats.RLock()
	for _, f := range formats.list {
		if f.Name == name {
			formats.RUnlock()
			return f, nil
		}
	}
	formats.RUnlock()
	return Format{}, fmt.Errorf("unknown format %q; known: %s", name, strings.Join(Names(), ", "))
}
