package evidence

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// MinSecret is the length in bytes of the shortest value that Mask takes out. A
// shorter one stands in too many words: masking it would leave no report that can be
// read, and whoever reads one could see what was masked.
const MinSecret = 3

// minLine is the length of the shortest line of a longer secret that is masked by
// itself.
const minLine = 4

// stars stands in the place of a secret.
const stars = "***"

// secrets are those of this process. There is one set of them, since they have to be
// kept from whatever is printed, by whichever way it gets there.
var secrets secretSet

// Remember makes Mask take the secret out of every text from now on.
func Remember(secret string) { secrets.add(secret) }

// Mask returns the text with all secrets replaced by ***, in each of the forms that
// they are met in: as they are, without the white space around them, line by line,
// and as quoted or encoded by shells, Go, JSON, XML, regular expressions, URLs and base64.
//
// A text is masked as a whole, before anything is cut off it and before it is quoted
// or made visible: half a secret is not recognised. Excerpt, Clean, Quote and Writer
// keep to this order.
func Mask(text string) string { return secrets.mask(text) }

// A secretSet finds many secrets in one pass: it looks up the bytes at each position
// by the lengths of the forms that begin with the first three of them.
type secretSet struct {
	mu      sync.RWMutex
	known   map[string]struct{}
	begins  [1 << 16 / 64]uint64  // by the first two bytes of a form
	forms   map[string]*formsWith // by the first MinSecret bytes
	longest int                   // of the forms on one line
}

// formsWith are the forms that begin alike.
type formsWith struct {
	lengths []int    // each once, longest first
	lines   []string // those on one line
}

func (s *secretSet) add(secret string) {
	all := formsOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known, s.forms = map[string]struct{}{}, map[string]*formsWith{}
	}
	for _, form := range all {
		if _, known := s.known[form]; known || len(form) < MinSecret {
			continue
		}
		s.known[form] = struct{}{}
		pair := uint(form[0])<<8 | uint(form[1])
		s.begins[pair/64] |= 1 << (pair % 64)
		with := s.forms[form[:MinSecret]]
		if with == nil {
			with = &formsWith{}
			s.forms[form[:MinSecret]] = with
		}
		if i, found := slices.BinarySearchFunc(with.lengths, len(form), func(a, b int) int { return b - a }); !found {
			with.lengths = slices.Insert(with.lengths, i, len(form))
		}
		if !strings.ContainsAny(form, "\r\n") {
			with.lines = append(with.lines, form)
			s.longest = max(s.longest, len(form))
		}
	}
}

// at returns the length of the longest form that the text begins with, or 0.
func (s *secretSet) at(text string) int {
	pair := uint(text[0])<<8 | uint(text[1])
	if s.begins[pair/64]&(1<<(pair%64)) == 0 {
		return 0
	}
	with := s.forms[text[:MinSecret]]
	if with == nil {
		return 0
	}
	for _, n := range with.lengths {
		if n <= len(text) {
			if _, ok := s.known[text[:n]]; ok {
				return n
			}
		}
	}
	return 0
}

// next finds the first part of the text, not before from, that secrets cover. Those
// that overlap are covered together: what one leaves of the other would be shown.
func (s *secretSet) next(text string, from int) (start, end int) {
	start, end = len(text), len(text)
	found := false
	for i := from; i+MinSecret <= len(text) && (!found || i < end); i++ {
		n := s.at(text[i:])
		switch {
		case n == 0:
		case !found:
			start, end, found = i, i+n, true
		default:
			end = max(end, i+n)
		}
	}
	return start, end
}

func (s *secretSet) mask(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.known) == 0 {
		return text
	}
	start, end := s.next(text, 0)
	if start == len(text) {
		return text
	}
	var b strings.Builder
	from := 0
	for start < len(text) {
		b.WriteString(text[from:start])
		b.WriteString(stars)
		from = end
		start, end = s.next(text, from)
	}
	b.WriteString(text[from:])
	return b.String()
}

// settled returns how much of the text can be masked though more is to follow: what
// precedes a form on one line that the text may end in the middle of.
func (s *secretSet) settled(text string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	end := len(text)
	for at := max(0, len(text)-s.longest, strings.LastIndexAny(text, "\r\n")+1); at < len(text); at++ {
		if s.begun(text[at:]) {
			end = at
			break
		}
	}
	// A form that is whole and reaches beyond it stays in one piece.
	for start, stop := s.next(text, 0); start < end; start, stop = s.next(text, stop) {
		if stop > end {
			return start
		}
	}
	return end
}

// begun reports whether a form on one line begins with the text, and is longer.
func (s *secretSet) begun(text string) bool {
	var with *formsWith
	switch {
	case len(text) >= MinSecret:
		with = s.forms[text[:MinSecret]]
	case len(text) == 2:
		pair := uint(text[0])<<8 | uint(text[1])
		return s.begins[pair/64]&(1<<(pair%64)) != 0
	default:
		first := uint(text[0]) << 8 / 64
		return slices.ContainsFunc(s.begins[first:first+4], func(bits uint64) bool { return bits != 0 })
	}
	return with != nil && slices.ContainsFunc(with.lines, func(form string) bool {
		return len(form) > len(text) && strings.HasPrefix(form, text)
	})
}

// formsOf lists what a secret is known by.
func formsOf(secret string) []string {
	pieces := []string{secret, strings.TrimSpace(secret)}
	for line := range strings.FieldsFuncSeq(secret, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); len(line) >= minLine {
			pieces = append(pieces, line)
		}
	}
	var forms []string
	for _, p := range pieces {
		if len(p) >= MinSecret {
			forms = append(forms, p)
			forms = append(forms, quotedForms(p)...)
			forms = append(forms, encodedForms(p)...)
		}
	}
	return forms
}

var (
	// How shells write a quote within quotes: backends.Quote and the traces of dash
	// and busybox, the traces of bash, and what people write.
	singleQuoted = strings.NewReplacer(`'`, `'"'"'`)
	traced       = strings.NewReplacer(`'`, `'\''`)
	doubleQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
	inRegexp     = strings.NewReplacer(`\`, `\\`, `.`, `\.`, `+`, `\+`, `*`, `\*`, `?`, `\?`, `(`, `\(`, `)`, `\)`, `|`, `\|`,
		`[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `^`, `\^`, `$`, `\$`)
	inXML   = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&quot;`, `'`, `&apos;`)
	inGoXML = strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `"`, `&#34;`, `'`, `&#39;`)
)

func quotedForms(p string) []string {
	var inJSON strings.Builder
	enc := json.NewEncoder(&inJSON)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p)                 // a string always has a form
	escapedJSON, _ := json.Marshal(p) // likewise
	return []string{
		singleQuoted.Replace(p), traced.Replace(p), doubleQuoted.Replace(p),
		inXML.Replace(p), inGoXML.Replace(p), inRegexp.Replace(p),
		unquoted(strconv.Quote(p)), unquoted(strconv.QuoteToASCII(p)), Visible(p),
		unquoted(strings.TrimSuffix(inJSON.String(), "\n")), unquoted(string(escapedJSON)),
	}
}

// unquoted takes the quotes off.
func unquoted(s string) string { return s[1 : len(s)-1] }

func encodedForms(p string) []string {
	forms := []string{
		url.QueryEscape(p), url.PathEscape(p),
		strings.TrimPrefix(url.UserPassword("", p).String(), ":"),
		base64.StdEncoding.EncodeToString([]byte(p)), base64.URLEncoding.EncodeToString([]byte(p)),
	}
	for before := range 3 {
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if core := base64Core(e, before, p); len(core) >= 8 {
				forms = append(forms, core)
			}
		}
	}
	return forms
}

// base64Core returns what is the same in the base64 of every text that has p in it, as
// Basic authentication has a password behind a name and a colon. before is the number
// of bytes that precede p, modulo 3.
func base64Core(e *base64.Encoding, before int, p string) string {
	core := e.EncodeToString(append(make([]byte, before), p...))
	if (before+len(p))%3 != 0 {
		core = core[:len(core)-1] // shares its bits with what follows
	}
	// So do the first ones with what precedes.
	return core[min(len(core), []int{0, 2, 3}[before]):]
}
