package report

import (
	"fmt"
	"io"
	"strings"
)

// Options say how a Format writes.
type Options struct {
	// Color is for terminals only.
	Color bool
}

// formats are the built-in ones. Machine says that the whole output is one
// document that nothing else may be written into.
var formats = []struct {
	name    string
	machine bool
	open    func(io.Writer, Options) Format
}{
	{"documentation", false, NewDocumentation},
	{"progress", false, NewProgress},
	{"json", true, NewJSON},
	{"junit", true, NewJUnit},
}

// Names returns the names of the built-in formats.
func Names() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// IsDocument reports whether the named format is one document for a program to
// read, which nothing else may be written into.
func IsDocument(name string) bool {
	for _, f := range formats {
		if f.name == name {
			return f.machine
		}
	}
	return false
}

// Check says what is wrong with the name of a format.
func Check(name string) error {
	for _, f := range formats {
		if f.name == name {
			return nil
		}
	}
	return fmt.Errorf("unknown format %q; known: %s", name, strings.Join(Names(), ", "))
}

// New returns the named format, writing to w.
func New(name string, w io.Writer, o Options) (Format, error) {
	for _, f := range formats {
		if f.name == name {
			return f.open(w, o), nil
		}
	}
	return nil, Check(name)
}
