package resource

import (
	"errors"
	"fmt"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
)

// JSON is the value at a path of a JSON file: keys joined by dots, with indexes
// that count from 0, as in "server.ports[0]". A key that holds a dot or a bracket
// stands in brackets and quotes: labels["a.b"]. The empty path is the whole
// document. Whole numbers are int, others float64, objects map[string]any, and
// lists []any. A key that is not there is an error that names those that are.
func (f *File) JSON(path string) (any, error) { return f.document("JSON", path, fact.ParseJSON) }

// YAML is JSON for a file of one YAML document.
func (f *File) YAML(path string) (any, error) { return f.document("YAML", path, fact.ParseYAML) }

// TOML is JSON for a TOML file. Its dates are time.Time.
func (f *File) TOML(path string) (any, error) { return f.document("TOML", path, fact.ParseTOML) }

// INI is JSON for an INI file, with paths such as "section.key"; a section whose
// name holds a dot stands in brackets and quotes: ["a.b"].key. All values are
// texts, since the format knows nothing else.
func (f *File) INI(path string) (any, error) { return f.document("INI", path, fact.ParseINI) }

func (f *File) document(question, path string, parse func([]byte) (any, error)) (any, error) {
	l := NewLook(&f.Base, question)
	data, err := f.whole(l)
	if err != nil {
		return nil, err
	}
	document, err := parse(data)
	if err != nil {
		return nil, l.Unknown(err.Error(), "")
	}
	value, err := fact.Walk(document, path)
	if missing := new(fact.NoSuchKeyError); errors.As(err, &missing) {
		e := l.Explain()
		// The beginning of the file helps nobody here.
		e.Found, e.Near = "", evidence.Clean(missing.Inside)
		return nil, &evidence.Missing{Evidence: e, What: fmt.Sprintf("%s in %s", missing.Key, f)}
	}
	if err != nil {
		return nil, l.Unknown(err.Error(), "")
	}
	return value, nil
}
