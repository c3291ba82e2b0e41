package loop

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hostspec/hostspec/spec/near"
)

// A reader reads a hostspec.yaml node by node and keeps all that is wrong.
type reader struct {
	// file is the name to tell, dir its folder.
	file, dir string
	errs      []*ConfigError
	// files are to be looked for when the text is right.
	files []namedFile
}

// wrong keeps what is wrong at a node.
func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, &ConfigError{File: r.file, Line: n.Line, Column: n.Column, Err: fmt.Errorf(format, args...)})
}

// maxProblems is how many problems of one file are told.
const maxProblems = 20

// problems joins what is wrong, in the order of the file.
func (r *reader) problems() error {
	slices.SortStableFunc(r.errs, func(a, b *ConfigError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	for i, e := range r.errs {
		if i == maxProblems {
			all = append(all, fmt.Errorf("and %d more", len(r.errs)-maxProblems))
			break
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// yamlLine matches how package yaml tells where a text is not YAML.
var yamlLine = regexp.MustCompile(`^yaml: line ([0-9]+): `)

// document reads the one document of a text; nil when there is none.
func (r *reader) document(text []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if err == nil {
		if err = dec.Decode(&more); err == nil {
			r.wrong(&more, "this is a second document (---); write all suites into one")
			return nil
		}
	}
	if errors.Is(err, io.EOF) {
		if doc.Kind == yaml.DocumentNode {
			return doc.Content[0]
		}
		r.wrong(&yaml.Node{Line: 1, Column: 1}, "there is nothing in it; it begins with suites:")
		return nil
	}
	line := 1
	said := err.Error()
	if m := yamlLine.FindStringSubmatch(said); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, and if too many of them, the first line will do
		said = said[len(m[0]):]
	}
	said = strings.TrimPrefix(said, "yaml: ")
	r.wrong(&yaml.Node{Line: max(line, 1)}, "this is not YAML: %s", said)
	return nil
}

// plain checks that a node says what it says by itself. Without aliases the work
// is bounded by the length of the text.
func (r *reader) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		r.wrong(n, "aliases (*%s) are not supported; write it out", n.Value)
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.wrong(n, "tags (%s) are not supported; leave it out", n.Tag)
		return false
	}
	return true
}

// kind names what a node is.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	}
	return "text"
}

// A field is a key of a map, with its value.
type field struct{ key, value *yaml.Node }

// fields are the fields of a map. What is not a map, or has a key twice or one that
// is not a text, is wrong; what names the map in texts.
func (r *reader) fields(n *yaml.Node, what, example string) []field {
	if !r.plain(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "%s is %s; want a map such as %s", what, kind(n), example)
		return nil
	}
	var all []field
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !r.plain(key):
		case key.Kind != yaml.ScalarNode || key.Value == "": // null, true and 1 are words here
			r.wrong(key, "%s has a key that is %s; want a word", what, kind(key))
		case key.ShortTag() == "!!merge":
			r.wrong(key, "merge keys (<<) are not supported; write it out")
		case first[key.Value] > 0:
			r.wrong(key, "key %q stands in %s twice, at first in line %d", key.Value, what, first[key.Value])
		default:
			first[key.Value] = key.Line
			all = append(all, field{key, value})
		}
	}
	return all
}

// text is a text that is not empty. What YAML takes for something else wants
// quotes: "true" is a command, too.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	switch {
	case !r.plain(n):
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
		r.wrong(n, "%s is %s; want a text", what, kind(n))
	case n.ShortTag() != "!!str":
		r.wrong(n, "%s is %s (%s); if that is meant as a text, put it in quotes", what, kind(n), n.Value)
	case strings.TrimSpace(n.Value) == "":
		r.wrong(n, "%s is empty", what)
	case strings.ContainsRune(n.Value, 0):
		r.wrong(n, "%s has a NUL byte in it", what)
	default:
		return n.Value, true
	}
	return "", false
}

// list are the items of a list that is not empty.
func (r *reader) list(n *yaml.Node, what, example string) []*yaml.Node {
	switch {
	case !r.plain(n):
	case n.Kind != yaml.SequenceNode:
		r.wrong(n, "%s is %s; want a list such as %s", what, kind(n), example)
	case len(n.Content) == 0:
		r.wrong(n, "%s is an empty list", what)
	default:
		return n.Content
	}
	return nil
}

// number is a whole number within bounds.
func (r *reader) number(n *yaml.Node, what string, low, high int) (int, bool) {
	if !r.plain(n) {
		return 0, false
	}
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || i < low || i > high {
		found := kind(n)
		if n.Kind == yaml.ScalarNode && n.Value != "" {
			found = quoted(n.Value)
		}
		r.wrong(n, "%s is %s; want a number from %d to %d", what, found, low, high)
		return 0, false
	}
	return i, true
}

// nearest offers the word that somebody who wrote a wrong one may have meant.
func nearest(word string, known []string) string {
	if names := near.Names(word, known); names != nil {
		return fmt.Sprintf("did you mean %q?", names[0])
	}
	return "known: " + strings.Join(known, ", ")
}

func quoted(s string) string { return strconv.Quote(s) }
