package evidence

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are bytes that terminals obey or that mislead whoever reads them.
var hostile = map[string]string{
	"\x1b[2J":                  `\x1b[2J`,
	"\x1b]0;owned\x07":         `\x1b]0;owned\a`,
	"\x1b]52;c;cm0gLXJm\x1b\\": `\x1b]52;c;cm0gLXJm\x1b` + `\`,
	"\u009b2J":                 `\u009b2J`,
	"\u009d0;owned\u009c":      `\u009d0;owned\u009c`,
	"\x9b2J":                   `\x9b2J`,
	"over\rwritten":            `over\rwritten`,
	"\x7f\b\v\f\x00":           `\x7f\b\v\f\x00`,
	"\u202eturned\u202c":       `\u202eturned\u202c`,
	"\u2066\u2067\u2068\u2069\u202a\u202b\u202d": `\u2066\u2067\u2068\u2069\u202a\u202b\u202d`,
	"\u200e\u200f\u061c":                         `\u200e\u200f\u061c`,
	"\u200b\ufeff\u00ad":                         `\u200b\ufeff\u00ad`,
	"\u2028\u2029":                               `\u2028\u2029`,
	"\U000e0041":                                 `\U000e0041`,
	"bad \xff utf-8":                             `bad \xff utf-8`,
	"kept\n\ttext äöü ✓":                         "kept\n\ttext äöü ✓",
}

func TestVisible(t *testing.T) {
	for in, want := range hostile {
		if got := Visible(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestVisible_KeepsColoursWhereTheyAreWanted(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[38;5;9mred\x1b[0m": "\x1b[38;5;9mred\x1b[0m",
		"\x1b[m":                 "\x1b[m",
		"\x1b[31":                `\x1b[31`,
		"\x1b[?25l":              `\x1b[?25l`,
		"\x1b[2J\x1b[1m":         `\x1b[2J` + "\x1b[1m",
	} {
		var out strings.Builder
		w := NewWriter(&out)
		w.Colours = true
		if _, err := w.Write([]byte(in + "\n")); err != nil {
			t.Error(err)
		}
		if got := strings.TrimSuffix(out.String(), "\n"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCleanPlain(t *testing.T) {
	Remember("swordfish")
	for in, want := range map[string]string{
		"\x1b[mNotice: \x1b[0;32mgreen\x1b[0m": "Notice: green",
		"\x1b[":                                `\x1b[`,
		"\x1b[2J\x1b[1mbold":                   `\x1b[2Jbold`,
		"\x1b[\x1b[1m2J":                       `\x1b[2J`,
		"sword\x1b[31mfish swordfish":          "*** ***",
	} {
		if got := CleanPlain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"plain\n\ttext", 100, "plain\n\ttext"},
		{"\x1b[31mred\x07", 100, `\x1b[31mred\a`},
		{"0123456789abc", 10, "0123456789... (3 more bytes)"},
		{"äöüäöüäöüä", 10, "äöüäöüäöüä"},
		{"", 10, ""},
		{"text", 0, "... (4 more bytes)"},
	} {
		if got := Excerpt(c.in, c.limit); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	if got := Quote("say \"ä\u202e\" twice", 7); got != `"say \"ä\u202e..."` {
		t.Errorf("got %s", got)
	}
}

func FuzzVisible(f *testing.F) {
	for in := range hostile {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := Visible(in)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, obeyed) {
			t.Errorf("%q: got %q", in, got)
		}
		if Visible(got) != got {
			t.Errorf("%q: changed twice", in)
		}
	})
}
