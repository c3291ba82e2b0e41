package catalogue

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A Fact is one thing of a target and what is known about it.
type Fact struct {
	Kind, Name string
	// text is its attributes as they stand in a file: KEY=VALUE, escaped, parted
	// by tabs. Most facts are only compared whole, and never taken apart.
	text string
}

// An Attr is one attribute of a fact.
type Attr struct {
	Key, Value string
	// Unknown says that it could not be told; Value is then the reason.
	Unknown bool
}

// Beside reports whether it is kept for its own sake and never compared, as when a
// service was started. Its key begins with a point.
func (a Attr) Beside() bool { return strings.HasPrefix(a.Key, ".") }

// Attrs are attributes in a fixed order.
type Attrs []Attr

// Get returns the value of a key; ok is false where there is none, or it could not
// be told.
func (a Attrs) Get(key string) (value string, ok bool) {
	for _, attr := range a {
		if attr.Key == key && !attr.Unknown {
			return attr.Value, true
		}
	}
	return "", false
}

// Value returns the value of a key, and nothing where it is not known.
func (a Attrs) Value(key string) string {
	v, _ := a.Get(key)
	return v
}

// Pairs returns the keys and values that are known, as New takes them.
func (a Attrs) Pairs() []string {
	var out []string
	for _, attr := range a {
		if !attr.Unknown {
			out = append(out, attr.Key, attr.Value)
		}
	}
	return out
}

// MarshalJSON makes an object of them, and null where there are none at all.
func (a Attrs) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	for i, attr := range a {
		b.WriteByte("{,"[min(i, 1)])
		key, err := json.Marshal(attr.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(attr.Value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	if len(a) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Attrs takes the fact apart.
func (f Fact) Attrs() Attrs {
	out := Attrs{}
	if f.text == "" {
		return out
	}
	for field := range strings.SplitSeq(f.text, "\t") {
		key, value, _ := strings.Cut(field, "=")
		reason, unknown := strings.CutPrefix(value, "?")
		if unknown {
			value = reason
		}
		out = append(out, Attr{Key: key, Value: Unescape(value), Unknown: unknown})
	}
	return out
}

// Uncertain reports whether the fact may hold what could not be told.
func (f Fact) Uncertain() bool { return strings.Contains(f.text, "=?") }

// New makes a fact of keys and values. A pair without a value is left out.
func New(kind, name string, pairs ...string) Fact {
	return Fact{Kind: kind, Name: name, text: pack(pairs)}
}

// Parse makes the fact that has this Text.
func Parse(kind, name, text string) Fact { return Fact{Kind: kind, Name: name, text: text} }

// Text is the attributes as they stand in one line of a file: KEY=VALUE, escaped by
// Escape, parted by tabs. Two facts of one text have the same attributes.
func (f Fact) Text() string { return f.text }

// With adds an attribute.
func (f Fact) With(key, value string) Fact {
	if value == "" {
		return f
	}
	if f.text != "" {
		f.text += "\t"
	}
	f.text += key + "=" + escapeValue(value)
	return f
}

func pack(pairs []string) string {
	n := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		n += len(pairs[i]) + len(pairs[i+1]) + 2
	}
	var b strings.Builder
	b.Grow(n)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(pairs[i])
		b.WriteByte('=')
		b.WriteString(escapeValue(pairs[i+1]))
	}
	return b.String()
}

// Unknown adds an attribute that could not be told, with the reason.
func (f Fact) Unknown(key, reason string) Fact {
	if f.text != "" {
		f.text += "\t"
	}
	f.text += key + "=?" + Escape(reason)
	return f
}

// The keys of facts without a name, which are about their kind.
const (
	KeyAll  = "all"  // nothing of this kind could be told
	KeySome = "some" // not all of this kind could be told
	KeyNone = "none" // the target has nothing of the kind, and why
)

// CannotTell is the fact that nothing of a kind could be told.
func CannotTell(kind, reason string) Fact { return Fact{Kind: kind}.Unknown(KeyAll, reason) }

// None is the fact that the target has nothing of a kind, and why: no database of
// packages, no init system.
func None(kind, reason string) Fact { return New(kind, "", KeyNone, reason) }

var escaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)

// Escape makes a text part of one field of one line.
func Escape(s string) string {
	if !strings.ContainsAny(s, "\\\t\n") {
		return s
	}
	return escaper.Replace(s)
}

// escapeValue is Escape for what is known: a question mark at its beginning would
// say that it is not.
func escapeValue(s string) string {
	if strings.HasPrefix(s, "?") {
		return `\` + Escape(s)
	}
	return Escape(s)
}

// Unescape undoes Escape.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
