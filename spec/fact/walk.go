package fact

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A NoSuchKeyError says where in a document a path ends.
type NoSuchKeyError struct {
	// Key is the path up to and with the step that is not there.
	Key string
	// Inside says what was found in its place: "it has the keys port, prots".
	Inside string
}

func (e *NoSuchKeyError) Error() string {
	return fmt.Sprintf("there is no %s: %s", e.Key, e.Inside)
}

// Walk finds a value in a document of maps and lists. A path is keys joined by
// dots, with indexes in brackets, which count from 0: "server.ports[0]". A key
// that holds a dot or a bracket is written in brackets and quotes:
// labels["app.kubernetes.io/name"]. The empty path is the whole document.
func Walk(document any, path string) (any, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	at := document
	for _, s := range steps {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[s.key]
			if !ok || s.index >= 0 {
				return nil, &NoSuchKeyError{Key: path[:s.end], Inside: "it has " + nearKeys(s.key, v)}
			}
			at = next
		case []any:
			if s.index < 0 || s.index >= len(v) {
				return nil, &NoSuchKeyError{Key: path[:s.end], Inside: fmt.Sprintf("it is a list of %d", len(v))}
			}
			at = v[s.index]
		default:
			return nil, &NoSuchKeyError{Key: path[:s.end], Inside: fmt.Sprintf("%s is %s", orDocument(path[:s.begin]), kindOf(at))}
		}
	}
	return at, nil
}

// A step is a key, or an index if that is not negative; begin and end are where
// it stands in the path.
type step struct {
	key        string
	index      int
	begin, end int
}

func parsePath(path string) ([]step, error) {
	var steps []step
	wrong := func(at int, what string) error {
		return fmt.Errorf("the path %q is wrong at character %d: %s", path, at+1, what)
	}
	for i := 0; i < len(path); {
		s := step{index: -1, begin: i}
		if path[i] == '[' {
			end, err := s.bracket(path[i:])
			if err != nil {
				return nil, wrong(i, err.Error())
			}
			i += end
		} else {
			if path[i] == '.' && i > 0 {
				i++
			}
			n := strings.IndexAny(path[i:], ".[")
			if n < 0 {
				n = len(path) - i
			}
			if n == 0 {
				return nil, wrong(i, "a key is missing")
			}
			if j := strings.IndexByte(path[i:i+n], ']'); j >= 0 {
				return nil, wrong(i+j, "a ] without a [")
			}
			s.key = path[i : i+n]
			i += n
		}
		if i < len(path) && path[i] != '.' && path[i] != '[' {
			return nil, wrong(i, "want a dot or a [ after a ]")
		}
		s.end = i
		steps = append(steps, s)
	}
	return steps, nil
}

// bracket reads [0], ["key"] or ['key'] at the beginning of text, and returns
// how long that is.
func (s *step) bracket(text string) (int, error) {
	if len(text) > 1 && (text[1] == '"' || text[1] == '\'') {
		for i := 2; i < len(text); i++ {
			switch {
			case text[i] == '\\' && text[1] == '"':
				i++
			case text[i] == text[1]:
				if i+1 >= len(text) || text[i+1] != ']' {
					return 0, fmt.Errorf("want a ] after the quoted key")
				}
				s.key = text[2:i]
				if text[1] == '"' {
					if err := json.Unmarshal([]byte(text[1:i+1]), &s.key); err != nil {
						return 0, fmt.Errorf("cannot read the quoted key")
					}
				}
				return i + 2, nil
			}
		}
		return 0, fmt.Errorf("the quoted key has no end")
	}
	digits, _, ok := strings.Cut(text[1:], "]")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return 0, fmt.Errorf(`want [0], or a key in quotes as in ["key"]`)
	}
	s.index = int(n)
	return len(digits) + 2, nil
}

func orDocument(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

// kindOf names a value that has no keys.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return fmt.Sprintf("%v", v)
	}
	return fmt.Sprintf("%v", v)
}

// nearKeys lists the keys that are most like the one that is not there.
func nearKeys(key string, m map[string]any) string {
	const limit = 8
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) == 0 {
		return "no keys"
	}
	slices.SortStableFunc(keys, func(a, b string) int { return sharedLetters(b, key) - sharedLetters(a, key) })
	more := ""
	if n := len(keys) - limit; n > 0 {
		keys, more = keys[:limit], fmt.Sprintf(" and %d more", n)
	}
	for i, k := range keys {
		if keys[i] = k; len(k) > 60 || strings.ContainsFunc(k, func(r rune) bool { return r < ' ' }) {
			keys[i] = strconv.Quote(clip(k, 60))
		}
	}
	return "the keys " + strings.Join(keys, ", ") + more
}

// sharedLetters measures how alike two keys are: letters that both have, less
// those that only one has.
func sharedLetters(a, b string) int {
	n := map[rune]int{}
	for _, r := range strings.ToLower(a) {
		n[r]++
	}
	score := 0
	for _, r := range strings.ToLower(b) {
		if n[r] > 0 {
			n[r]--
			score += 2
		}
	}
	return score - len(a)
}
