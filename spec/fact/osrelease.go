// Package fact turns what targets answer into structs: the output of tools,
// files of /proc, databases of package managers. Its parsers read an io.Reader
// or a string and do no I/O of their own; they are strict, and say what they
// could not read.
package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// An OSRelease is what os-release(5) says about an operating system.
type OSRelease struct {
	ID         string   // "debian"
	IDLike     []string // closest relatives first: "ubuntu", "debian"
	VersionID  string   // "12"; empty on rolling releases
	Codename   string   // "bookworm"
	PrettyName string   // "Debian GNU/Linux 12 (bookworm)"
}

// maxReleaseLine bounds the lines of os-release(5) that are told.
const maxReleaseLine = 64 << 10

// ParseOSRelease reads os-release(5). Unknown keys and lines that are not assignments
// are passed over, as the format asks of readers, however long they are.
func ParseOSRelease(r io.Reader) (OSRelease, error) {
	var o OSRelease
	lines := bufio.NewReaderSize(r, maxReleaseLine)
	for {
		line, err := lines.ReadSlice('\n')
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		isWhole := err == nil || err == io.EOF
		for err == bufio.ErrBufferFull {
			_, err = lines.ReadSlice('\n')
		}
		if ok && !strings.HasPrefix(key, "#") {
			known := o.set(key, unquoteAssignment(value))
			if known && !isWhole {
				return o, fmt.Errorf("os-release: the line of %s is longer than %d bytes", key, maxReleaseLine)
			}
		}
		if err == io.EOF {
			return o, nil
		}
		if err != nil {
			return o, fmt.Errorf("os-release: %w", err)
		}
	}
}

// set takes over the value of a key, and reports whether the key is known.
func (o *OSRelease) set(key, value string) bool {
	switch key {
	case "ID":
		o.ID = value
	case "ID_LIKE":
		o.IDLike = strings.Fields(value)
	case "VERSION_ID":
		o.VersionID = value
	case "VERSION_CODENAME":
		o.Codename = value
	case "PRETTY_NAME":
		o.PrettyName = value
	default:
		return false
	}
	return true
}

// unquoteAssignment undoes the shell quoting that os-release allows: one pair of
// single or double quotes, and backslashes within the latter.
func unquoteAssignment(v string) string {
	if len(v) >= 2 && v[0] == '\'' && v[len(v)-1] == '\'' {
		return v[1 : len(v)-1]
	}
	if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = v[1 : len(v)-1]
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
		}
		b.WriteByte(v[i])
	}
	return b.String()
}
