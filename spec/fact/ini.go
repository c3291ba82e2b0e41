package fact

import (
	"bytes"
	"fmt"
	"strings"
)

// ParseINI reads an INI file into a map of sections, each of which is a map of its
// keys. Keys before the first section, and in one called DEFAULT, stand beside the
// sections. All values are texts, since the format knows nothing else; a key without a
// value is the text "true", and one that stands there several times a list.
//
// Programs differ in what they take for a comment within a line. Here it is what
// follows a blank and "#" or ";" outside of quotes. Quotes around a whole value are
// taken off; all others are left, and so are backslashes, except that one at the end
// of a line joins it with the next.
func ParseINI(data []byte) (any, error) {
	if err := checkDocument(data, "INI"); err != nil {
		return nil, err
	}
	document := map[string]any{}
	keys := document
	lines := bytes.Split(withoutBOM(data), []byte("\n"))
	for n := 0; n < len(lines); n++ {
		line := strings.TrimSpace(string(lines[n]))
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[':
			name, err := sectionName(line)
			if err != nil {
				return nil, fmt.Errorf("not INI: line %d: %w", n+1, err)
			}
			if keys, err = section(document, name); err != nil {
				return nil, fmt.Errorf("not INI: line %d: %w", n+1, err)
			}
			continue
		}
		first := n
		var joined strings.Builder
		for strings.HasSuffix(line, `\`) && n+1 < len(lines) {
			joined.WriteString(strings.TrimSuffix(line, `\`))
			n++
			line = strings.TrimSpace(string(lines[n]))
		}
		joined.WriteString(line)
		name, value, err := keyAndValue(joined.String())
		if err == nil {
			err = addValue(keys, name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("not INI: line %d: %w", first+1, err)
		}
	}
	return document, nil
}

// section is the map of a section, which may come several times.
func section(document map[string]any, name string) (map[string]any, error) {
	if name == "DEFAULT" {
		return document, nil
	}
	switch keys := document[name].(type) {
	case nil:
		empty := map[string]any{}
		document[name] = empty
		return empty, nil
	case map[string]any:
		return keys, nil
	}
	return nil, fmt.Errorf("%q is a section and a key without one", name)
}

// sectionName reads "[name]", behind which a comment may stand. A name may hold
// brackets within quotes.
func sectionName(line string) (string, error) {
	q := quotes{text: line}
	for i := 1; i < len(line); i++ {
		if end := q.end(i); end > 0 {
			i = end
		} else if line[i] == ']' {
			if rest := strings.TrimSpace(line[i+1:]); rest != "" && rest[0] != '#' && rest[0] != ';' {
				return "", fmt.Errorf("something follows the section: %.80q", line)
			}
			return line[1:i], nil
		}
	}
	return "", fmt.Errorf("unclosed section: %.80q", line)
}

// keyAndValue reads "key = value", "key: value" or "key".
func keyAndValue(line string) (key, value string, err error) {
	q := quotes{text: line}
	if last := q.end(0); last > 0 {
		if rest := strings.TrimLeft(line[last+1:], " \t"); rest != "" && (rest[0] == '=' || rest[0] == ':') {
			return line[1:last], iniValue(rest[1:]), nil
		}
	}
	end := strings.IndexAny(line, "=:")
	if end < 0 {
		return uncommented(line), "true", nil
	}
	if key = strings.TrimSpace(line[:end]); key == "" {
		return "", "", fmt.Errorf("a value without a key: %.80q", line)
	}
	return key, iniValue(line[end+1:]), nil
}

// iniValue is a value without comment, and without quotes around all of it.
func iniValue(text string) string {
	v := uncommented(strings.TrimSpace(text))
	q := quotes{text: v}
	if len(v) >= 2 && q.end(0) == len(v)-1 {
		return v[1 : len(v)-1]
	}
	return v
}

// uncommented cuts a comment off, which begins behind a blank and never within quotes.
func uncommented(v string) string {
	q := quotes{text: v}
	for i := 0; i < len(v); i++ {
		if end := q.end(i); end > 0 {
			i = end
		} else if i > 0 && (v[i] == '#' || v[i] == ';') && (v[i-1] == ' ' || v[i-1] == '\t') {
			return strings.TrimRight(v[:i], " \t")
		}
	}
	return v
}

// quotes finds what stands in quotes in one line.
type quotes struct {
	text string
	// plain says that a backslash does not keep a quote from closing. It is so where
	// nothing would close otherwise, as in "C:\dir\".
	plain bool
}

// end is where a text in quotes that begins at i ends; 0 where none begins. An
// apostrophe within a word does not begin one, nor does a quote that is not closed.
func (q *quotes) end(i int) int {
	quote := q.text[i]
	if quote != '"' && (quote != '\'' || i > 0 && isWord(q.text[i-1])) {
		return 0
	}
	for j := i + 1; j < len(q.text) && !q.plain; j++ {
		switch q.text[j] {
		case '\\':
			j++
		case quote:
			return j
		}
	}
	if j := strings.IndexByte(q.text[i+1:], quote); j >= 0 {
		q.plain = true
		return i + 1 + j
	}
	return 0
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// addValue keeps the values of a key that comes several times.
func addValue(keys map[string]any, name, value string) error {
	switch before := keys[name].(type) {
	case nil:
		keys[name] = value
	case string:
		keys[name] = []any{before, value}
	case []any:
		keys[name] = append(before, value)
	default:
		return fmt.Errorf("%q is a section and a key without one", name)
	}
	return nil
}
