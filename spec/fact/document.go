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

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
	"gopkg.in/ini.v1"
)

// The documents below consist of map[string]any, []any, string, bool, int,
// float64, nil, and what else a format has of its own, such as times. Whole
// numbers are int; those that an int cannot hold are float64.

// ParseJSON reads one JSON document.
func ParseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, jsonError(data, d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("not JSON: line %d: something follows the document", lineAt(data, d.InputOffset()))
	}
	return plain(v), nil
}

func jsonError(data []byte, offset int64, err error) error {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("not JSON: it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not JSON: it ends in the middle, in line %d", lineAt(data, int64(len(data))))
	}
	return fmt.Errorf("not JSON: line %d: %w", lineAt(data, offset), err)
}

func lineAt(data []byte, offset int64) int {
	return bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte{'\n'}) + 1
}

// ParseYAML reads a file of one YAML document.
func ParseYAML(data []byte) (any, error) {
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
	var v map[string]any
	if _, err := toml.Decode(string(data), &v); err != nil {
		if e := new(toml.ParseError); errors.As(err, e) {
			return nil, fmt.Errorf("not TOML: line %d: %s", e.Position.Line, e.Message)
		}
		return nil, fmt.Errorf("not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return plain(v), nil
}

// ParseINI reads an INI file into a map of sections, each of which is a map of
// its keys. Keys before the first section stand beside the sections. All values
// are texts, since the format knows nothing else; a key without a value is the
// text "true", and one that stands there several times a list.
func ParseINI(data []byte) (any, error) {
	f, err := ini.LoadSources(ini.LoadOptions{
		AllowBooleanKeys:           true,
		AllowShadows:               true,
		AllowDuplicateShadowValues: true,
		SpaceBeforeInlineComment:   true,
		SkipUnrecognizableLines:    false,
	}, data)
	if err != nil {
		return nil, fmt.Errorf("not INI: %w", err)
	}
	document := map[string]any{}
	for _, s := range f.Sections() {
		keys := document
		if s.Name() != ini.DefaultSection {
			keys = map[string]any{}
			document[s.Name()] = keys
		}
		for _, k := range s.Keys() {
			values := k.ValueWithShadows()
			if len(values) < 2 {
				keys[k.Name()] = k.Value()
				continue
			}
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = v
			}
			keys[k.Name()] = list
		}
	}
	return document, nil
}

// plain makes one set of types out of those of the decoders.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plain(e)
		}
	case map[any]any: // YAML with keys that are no texts
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
