package fact

import (
	"bytes"
	"fmt"
)

// checkTOML refuses a document in which values, or the parts of a key, stand within
// each other so deep that reading it takes a time out of all proportion.
func checkTOML(data []byte) error {
	line, depth, dots := 1, 0, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '\n':
			line, dots = line+1, 0
		case '#':
			i += lineLength(data[i:]) - 1
		case '"', '\'':
			end := tomlStringEnd(data[i:])
			line += bytes.Count(data[i:i+end], []byte{'\n'})
			i += end - 1
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '=', ',':
			dots = 0
		}
		switch {
		case depth > maxDepth:
			return fmt.Errorf("not read as TOML: line %d: it has more than %d tables and lists within each other", line, maxDepth)
		case dots >= maxTOMLKey:
			return fmt.Errorf("not read as TOML: line %d: a key has more than %d parts", line, maxTOMLKey)
		}
	}
	return nil
}

func lineLength(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

// tomlStringEnd is the length of the string that text begins with. One that is not
// closed ends with its line, or with the text.
func tomlStringEnd(text []byte) int {
	quote := text[:1]
	long := bytes.Repeat(quote, 3)
	isLong := bytes.HasPrefix(text, long)
	i := 1
	if isLong {
		i = 3
	}
	for ; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case isLong && bytes.HasPrefix(text[i:], long):
			return i + 3
		case !isLong && text[i] == quote[0]:
			return i + 1
		case !isLong && text[i] == '\n':
			return i
		}
	}
	return len(text)
}
