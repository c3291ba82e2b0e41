package fact

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// An AuthorizedKey is a public key as authorized_keys has it, sshd(8).
type AuthorizedKey struct {
	// Options come before the key: from="10.0.0.0/8".
	Options []string
	// Type is the kind of key: "ssh-ed25519".
	Type string
	// Key is the key itself, in base64.
	Key string
	// Comment is what follows, and means nothing.
	Comment string
}

// ParseAuthorizedKey reads one line of authorized_keys, or a file of ssh-keygen
// that ends in .pub.
func ParseAuthorizedKey(line string) (AuthorizedKey, error) {
	line = strings.TrimSpace(line)
	if k, ok := bareKey(line); ok {
		return k, nil
	}
	// What comes first is not a key, so it is options.
	options, rest := cutOptions(line)
	if k, ok := bareKey(strings.TrimSpace(rest)); ok {
		k.Options = options
		return k, nil
	}
	return AuthorizedKey{}, fmt.Errorf("%q is not a public key: want its type and base64, as in a .pub file", clip(line, 60))
}

// ParseAuthorizedKeys reads an authorized_keys file. Lines that hold no key are
// passed over, as sshd does.
func ParseAuthorizedKeys(r io.Reader) ([]AuthorizedKey, error) {
	var out []AuthorizedKey
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if k, err := ParseAuthorizedKey(line); err == nil {
			out = append(out, k)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("authorized_keys: %w", err)
	}
	return out, nil
}

// Authority reports whether the key is not let in itself, but is one that signs
// others which are.
func (k AuthorizedKey) Authority() bool {
	for _, o := range k.Options {
		if strings.EqualFold(o, "cert-authority") {
			return true
		}
	}
	return false
}

// bareKey reads "type base64 comment". The base64 begins with the type again, by
// which a key is told from anything else.
func bareKey(line string) (AuthorizedKey, bool) {
	kind, rest := cutBlank(line)
	key, comment := cutBlank(rest)
	blob, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(blob) < 4 {
		return AuthorizedKey{}, false
	}
	n := binary.BigEndian.Uint32(blob)
	if kind == "" || uint64(n) != uint64(len(kind)) || len(blob) <= 4+len(kind) || string(blob[4:4+len(kind)]) != kind {
		return AuthorizedKey{}, false
	}
	return AuthorizedKey{Type: kind, Key: key, Comment: comment}, true
}

func cutBlank(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// cutOptions takes options off a line: separated by commas and ended by a blank,
// neither of which counts within double quotes. \" is a quote within these.
func cutOptions(line string) (options []string, rest string) {
	quoted, begin := false, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			options, begin = append(options, line[begin:i]), i+1
		case (c == ' ' || c == '\t') && !quoted:
			return append(options, line[begin:i]), line[i:]
		}
	}
	return nil, ""
}

// clip shortens a text for a message.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
