package snapshot

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The kinds of facts, in the order in which people are shown them.
const (
	KindPackage   = "package"   // name: version
	KindService   = "service"   // unit: enabled, active
	KindUser      = "user"      // name: uid, gid, home, shell, groups, ...
	KindPassword  = "password"  // user: state (set, locked, unusable, empty), changed, ageing
	KindGroup     = "group"     // name: gid
	KindPort      = "port"      // "tcp 0.0.0.0:80"
	KindMount     = "mount"     // path: type, device, options
	KindCron      = "cron"      // path of a table: as a file
	KindParameter = "parameter" // "net.ipv4.ip_forward": value
	KindFile      = "file"      // path: type, mode, uid, gid, link, size, sha256
)

// Kinds returns the kinds of facts, in the order in which people are shown them.
func Kinds() []string {
	return []string{KindPackage, KindService, KindUser, KindPassword, KindGroup, KindPort, KindMount, KindCron, KindParameter, KindFile}
}

// A Snapshot is what was known about a target at one moment. It does not change.
type Snapshot struct {
	// Target is the target's name for people, and System what it is:
	// "Debian GNU/Linux 12 (bookworm)".
	Target, System string
	// Time is when it was taken, by the clock of whoever took it.
	Time time.Time
	// Watched are the folders below which files are known.
	Watched []string
	// Ignored are the patterns that files were left out by when it was taken,
	// beside those of Noise. Container says that the noise of containers is to be
	// left out, too.
	Ignored   []string
	Container bool

	// asked are those of Watched that somebody asked for by name.
	asked []string
	// facts are sorted by kind and name; no two have both in common.
	facts []Fact
	// stamps are there where files were listed and not hashed.
	stamps map[string]stamp
	// began is when listing began, in whole seconds of the target's clock.
	began int64
}

// Facts returns the facts of a kind, sorted by name. That a whole kind could not
// be told is a Fact without a name.
func (s *Snapshot) Facts(kind string) []Fact {
	begin, _ := slices.BinarySearchFunc(s.facts, kind, func(f Fact, kind string) int { return strings.Compare(f.Kind, kind) })
	end := begin
	for end < len(s.facts) && s.facts[end].Kind == kind {
		end++
	}
	return s.facts[begin:end:end]
}

// Fact finds one fact.
func (s *Snapshot) Fact(kind, name string) (Fact, bool) {
	i, ok := slices.BinarySearchFunc(s.facts, Fact{Kind: kind, Name: name}, compareFacts)
	if !ok {
		return Fact{}, false
	}
	return s.facts[i], true
}

func compareFacts(a, b Fact) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// sortFacts sorts facts. Of several with one kind and name the last one counts.
func sortFacts(facts []Fact) []Fact {
	slices.SortStableFunc(facts, compareFacts)
	out := facts[:0]
	for i, f := range facts {
		if i+1 < len(facts) && compareFacts(f, facts[i+1]) == 0 {
			continue
		}
		out = append(out, f)
	}
	return out
}

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

// beside tells whether it is kept for its own sake and never compared: when a
// service was started.
func (a Attr) beside() bool { return strings.HasPrefix(a.Key, ".") }

// Attrs are attributes in a fixed order.
type Attrs []Attr

// Get returns the value of a key; ok is false where there is none, or it could not
// be told.
func (a Attrs) Get(key string) (value string, ok bool) {
	for _, attr := range a {
		if attr.Key == key {
			return attr.Value, !attr.Unknown
		}
	}
	return "", false
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
		out = append(out, Attr{Key: key, Value: unescape(value), Unknown: unknown})
	}
	return out
}

// uncertain tells whether the fact may hold what could not be told.
func (f Fact) uncertain() bool { return strings.Contains(f.text, "=?") }

// newFact makes a fact of keys and values. A pair without a value is left out.
func newFact(kind, name string, pairs ...string) Fact {
	return Fact{Kind: kind, Name: name, text: pack(pairs...)}
}

func pack(pairs ...string) string {
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

// unknown adds an attribute that could not be told, with the reason.
func (f Fact) unknown(key, reason string) Fact {
	if f.text != "" {
		f.text += "\t"
	}
	f.text += key + "=?" + escape(reason)
	return f
}

// The keys of facts without a name, which are about their kind.
const (
	keyAll  = "all"  // nothing of this kind could be told
	keySome = "some" // not all of this kind could be told
	keyNone = "none" // the target has nothing of the kind, and why
)

// cannotTell is the fact that nothing of a kind could be told.
func cannotTell(kind, reason string) Fact { return Fact{Kind: kind}.unknown(keyAll, reason) }

var escaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)

// escape makes a text part of one field of one line.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\\t\n") {
		return s
	}
	return escaper.Replace(s)
}

// escapeValue is escape for what is known: a question mark at its beginning would
// say that it is not.
func escapeValue(s string) string {
	if strings.HasPrefix(s, "?") {
		return `\` + escape(s)
	}
	return escape(s)
}

// unescape undoes escape and escapeValue.
func unescape(s string) string {
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
