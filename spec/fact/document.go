package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// The documents below consist of map[string]any, []any, string, bool, int,
// float64, nil, and what else a format has of its own, such as times. Whole
// numbers are int; those that an int cannot hold are float64.

// Bounds on a document: what a program reads as its configuration is far below, and
// what is above could cost minutes and hundreds of megabytes.
const (
	maxDocument = 4 << 20
	maxDepth    = 100 // of objects and lists within each other
	maxTOMLKey  = 32  // parts of a key with dots
)

// checkDocument refuses what is too large, and what is not written in UTF-8.
func checkDocument(data []byte, format string) error {
	switch {
	case len(data) > maxDocument:
		return fmt.Errorf("it has more than %d MiB, which is more than is read as %s", maxDocument>>20, format)
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fmt.Errorf("not %s: it is written in UTF-16, and %s is read as UTF-8", format, format)
	case bytes.IndexByte(data, 0) >= 0:
		return fmt.Errorf("not %s: line %d: it holds a NUL byte", format, lineAt(data, int64(bytes.IndexByte(data, 0))))
	}
	return nil
}

// withoutBOM takes off the mark that some editors write before UTF-8.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// ParseJSON reads one JSON document. A key that an object has twice is an error, since
// programs differ in which of them they take.
func ParseJSON(data []byte) (any, error) {
	if err := checkDocument(data, "JSON"); err != nil {
		return nil, err
	}
	data = withoutBOM(data)
	if !utf8.Valid(data) {
		return nil, errors.New("not JSON: it is not written in UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := jsonValue(d, 0)
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			return nil, fmt.Errorf("not JSON: line %d: something follows the document", lineAt(data, d.InputOffset()))
		}
		return v, nil
	}
	if own := new(jsonFault); errors.As(err, &own) {
		return nil, fmt.Errorf("not JSON: line %d: %w", lineAt(data, d.InputOffset()), err)
	}
	return nil, jsonError(data, d.InputOffset(), err)
}

// jsonFault is what is wrong with a document though its syntax is right.
type jsonFault struct{ text string }

func (f *jsonFault) Error() string { return f.text }

// jsonValue reads the next value.
func jsonValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := t.(json.Delim)
	switch {
	case !ok:
		return plain(t), nil
	case depth == maxDepth:
		return nil, &jsonFault{fmt.Sprintf("it has more than %d objects and lists within each other", maxDepth)}
	case open == '[':
		list := []any{}
		for d.More() {
			v, err := jsonValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, jsonEnd(d)
	}
	object := map[string]any{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := k.(string) // the decoder lets nothing else through
		if _, twice := object[key]; twice {
			return nil, &jsonFault{fmt.Sprintf("the key %.80q stands there twice", key)}
		}
		if object[key], err = jsonValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	return object, jsonEnd(d)
}

// jsonEnd reads the end of an object or list.
func jsonEnd(d *json.Decoder) error {
	_, err := d.Token()
	return err
}

func jsonError(data []byte, offset int64, err error) error {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("not JSON: it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("not JSON: it ends in the middle, in line %d", lineAt(data, int64(len(data))))
	}
	return fmt.Errorf("not JSON: line %d: %w", lineAt(data, offset), err)
}

func lineAt(data []byte, offset int64) int {
	return bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte{'\n'}) + 1
}

// ParseYAML reads a file of one YAML document, be it in UTF-8 or UTF-16.
func ParseYAML(data []byte) (any, error) {
	if len(data) > maxDocument {
		return nil, checkDocument(data, "YAML")
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var v any
	if err := d.Decode(&v); err != nil && err != io.EOF {
		return nil, fmt.Errorf("not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var second any
	if err := d.Decode(&second); err == nil {
		return nil, errors.New("it holds several YAML documents, of which none is meant more than the others")
	} else if err != io.EOF {
		return nil, fmt.Errorf("not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return plain(v), nil
}

// ParseTOML reads a TOML document.
func ParseTOML(data []byte) (any, error) {
	if err := checkDocument(data, "TOML"); err != nil {
		return nil, err
	}
	data = withoutBOM(data)
	if err := checkTOML(data); err != nil {
		return nil, err
	}
	var v map[string]any
	if _, err := toml.Decode(string(data), &v); err != nil {
		if e := new(toml.ParseError); errors.As(err, e) {
			return nil, fmt.Errorf("not TOML: line %d: %s", e.Position.Line, e.Message)
		}
		return nil, fmt.Errorf("not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return plain(v), nil
}

// plain makes one set of types out of those of the decoders.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plain(e)
		}
	case map[any]any: // YAML with keys that are not texts
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = plain(e)
		}
		return m
	case []any:
		for i, e := range v {
			v[i] = plain(e)
		}
	case []map[string]any: // TOML's arrays of tables
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = plain(e)
		}
		return l
	case json.Number:
		return plainNumber(string(v))
	case int64:
		return plainInt(v)
	case uint64:
		if v <= math.MaxInt {
			return int(v)
		}
		return float64(v)
	}
	return v
}

func plainInt(v int64) any {
	if int64(int(v)) == v {
		return int(v)
	}
	return float64(v)
}

func plainNumber(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return plainInt(n)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s // out of the range of float64: better its digits than another number
	}
	return f
}
