package evidence

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean returns the text as it may be printed: without secrets, and with nothing in
// it that a terminal obeys.
func Clean(text string) string { return Visible(Mask(text)) }

// CleanColoured is Clean for a text that is coloured by ourselves or by Ginkgo:
// sequences that only choose colours and weights (ECMA-48, SGR) are kept.
func CleanColoured(text string) string { return visible(Mask(text), true) }

// CleanPlain is Clean for what a tool printed for a terminal, such as puppet, which
// paints its lines wherever they go: sequences that only choose colours and weights
// (ECMA-48, SGR) are left out, and do not hide a secret that they stand in.
func CleanPlain(text string) string { return Visible(Mask(Uncoloured(Mask(text)))) }

// Uncoloured returns the text without its sequences that only choose colours and
// weights (ECMA-48, SGR).
func Uncoloured(text string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, "\x1b[")
		if at < 0 {
			break
		}
		n := sgr(text[at:])
		b.WriteString(text[:at])
		if n == 0 {
			n = len("\x1b[")
			b.WriteString(text[at : at+n])
		}
		text = text[at+n:]
	}
	return b.String() + text
}

// Excerpt returns at most limit characters of the text, clean, and says how much was
// left out.
func Excerpt(text string, limit int) string {
	head, left := cut(Mask(text), limit)
	if left == 0 {
		return Visible(head)
	}
	return fmt.Sprintf("%s... (%d more bytes)", Visible(head), left)
}

// Quote returns at most limit characters of the text, without secrets, as a Go string
// in quotes.
func Quote(text string, limit int) string {
	head, left := cut(Mask(text), limit)
	if left > 0 {
		head += "..."
	}
	return fmt.Sprintf("%q", head)
}

// cut returns the first limit characters of a text, and how many bytes it leaves out.
func cut(text string, limit int) (head string, left int) {
	n := 0
	for i := range text {
		if n == limit {
			return text[:i], len(text) - i
		}
		n++
	}
	return text, 0
}

// Visible returns the text with everything visible that a terminal would obey or that
// turns, hides or joins what stands beside it: control characters other than newline
// and tab, in C1 as in C0, characters of Unicode's formats (those of bidirectional
// text among them), its line and paragraph separators, and bytes that are not UTF-8.
// It does not change a text twice.
func Visible(text string) string {
	if at := strings.IndexFunc(text, obeyed); at < 0 && utf8.ValidString(text) {
		return text
	}
	return visible(text, false)
}

// visible is Visible. With colours, sequences that only choose colours and weights
// (ECMA-48, SGR) are kept.
func visible(text string, colours bool) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if n := sgr(text[i:]); colours && n > 0 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case obeyed(r):
			q := fmt.Sprintf("%+q", r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// obeyed reports whether a terminal shows something else in place of the character.
func obeyed(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// EscapeJSON returns a JSON text that says the same, and in which what Visible would make
// visible is escaped: JSON itself asks for that in C0 alone.
func EscapeJSON(text []byte) []byte {
	if !strings.ContainsFunc(string(text), obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case !obeyed(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}

// sgr returns the length of the sequence of Select Graphic Rendition that the text
// begins with, or 0.
func sgr(text string) int {
	if !strings.HasPrefix(text, "\x1b[") {
		return 0
	}
	for i := 2; i < len(text); i++ {
		switch c := text[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}
