package evidence

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\nC7VJTUt9Us8cKjMzEfYyjiWA4R4\nq8w=\n-----END PRIVATE KEY-----\n"

// shapes are secrets that were seen to be shown.
var shapes = map[string]string{
	"plain":                  "hunter2-plain",
	"three letters":          "zQ7",
	"single quote":           "it's-a-secret",
	"double quote":           `say "friend" and enter`,
	"backslash":              `CORP\hunter`,
	"dollar and backquote":   "pa$$word`x`",
	"file ending in newline": "token-of-a-file\n",
	"white space around":     "  \ttoken-with-space \r\n",
	"CR":                     "before-cr\rafter-cr",
	"CRLF":                   "first-line\r\nsecond-line",
	"PEM":                    pem,
	"PEM with CRLF":          strings.ReplaceAll(strings.ReplaceAll(pem, "MII", "NII"), "\n", "\r\n"),
	"long":                   strings.Repeat("0123456789abcdef", 300),
	"no ASCII":               "pässwörd-ключ",
	"control characters":     "esc\x1b[31mape\u202e",
	"not UTF-8":              "latin\xe9secret",
	"for an URL":             "p@ss/w:rd?&=+ %",
	"for XML":                "<&>\"tag'",
}

// pieces are the parts of a secret that may not be seen.
func piecesOf(secret string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); len(line) >= MinSecret {
			out = append(out, line)
		}
	}
	return out
}

// met are the ways in which a secret gets into a text.
var met = map[string]func(string) string{
	"as it is":        func(s string) string { return s },
	"trimmed":         strings.TrimSpace,
	"line by line":    func(s string) string { return strings.Join(strings.Fields(s), "\n  ") },
	"CRLF":            func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"without CR":      func(s string) string { return strings.ReplaceAll(s, "\r", "") },
	"quoted by shell": func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" },
	"traced by bash":  func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
	"%q":              func(s string) string { return fmt.Sprintf("%q", s) },
	"%+q":             func(s string) string { return fmt.Sprintf("%+q", s) },
	"JSON":            func(s string) string { b, _ := json.Marshal(s); return string(b) },
	"XML": func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(strings.TrimSpace(s)))
		return b.String()
	},
	"query":      url.QueryEscape,
	"path":       url.PathEscape,
	"base64":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"Basic auth": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	"visible":    Visible,
}

func TestMask_FindsASecretInEachForm(t *testing.T) {
	for shape, secret := range shapes {
		var set secretSet
		set.add(secret)
		for way, form := range met {
			if way == "line by line" && shape != "PEM" && shape != "PEM with CRLF" {
				continue
			}
			text := form(secret)
			if len(secret) < 8 && way == "Basic auth" || way == "XML" && (strings.ContainsAny(secret, "\r\n\t\x1b") || !utf8.ValidString(secret)) {
				continue
			}
			masked := set.mask("before " + text + " after")
			if !strings.Contains(masked, stars) {
				t.Errorf("%s, %s: nothing is masked in %q", shape, way, masked)
			}
			for _, p := range piecesOf(secret) {
				if strings.Contains(masked, p) {
					t.Errorf("%s, %s: %q is shown in %q", shape, way, p, masked)
				}
			}
			if !strings.HasPrefix(masked, "before ") || !strings.HasSuffix(masked, " after") {
				t.Errorf("%s, %s: more than the secret is masked: %q", shape, way, masked)
			}
			if rest := strings.TrimSuffix(strings.TrimPrefix(masked, "before "), " after"); len(rest) > 60 && shape == "long" {
				t.Errorf("%s, %s: left %q", shape, way, rest)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct {
		name       string
		secrets    []string
		text, want string
	}{
		{"no secret", nil, "text", "text"},
		{"too short", []string{"", "a", "ab", "\n", " x "}, "abba x", "abba x"},
		{"one that holds another", []string{"pass", "password"}, "my password, my pass", "my ***, my ***"},
		{"two that overlap", []string{"abcdef", "defghi"}, "<abcdefghi>", "<***>"},
		{"several that overlap", []string{"aba"}, "xabababax", "x***x"},
		{"one after the other", []string{"abc"}, "abcabc", "******"},
		{"at both ends", []string{"abc"}, "abc abc", "*** ***"},
		{"short lines of a longer one stay", []string{"longline\nab\n"}, "longline ab", "*** ab"},
	} {
		var set secretSet
		for _, s := range c.secrets {
			set.add(s)
		}
		if got := set.mask(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Ten thousand tokens that begin alike in a text of all of them: what grows with the
// product of both would take hours.
func TestMask_ManySecrets(t *testing.T) {
	var set secretSet
	var text strings.Builder
	for i := range 10_000 {
		token := fmt.Sprintf("ghp_%032d", i)
		set.add(token)
		text.WriteString(token + "\n")
	}
	began := time.Now()
	if got := set.mask(text.String()); got != strings.Repeat(stars+"\n", 10_000) {
		t.Errorf("got %.100q", got)
	}
	t.Logf("%d bytes in %v", text.Len(), time.Since(began))
}

func TestExcerpt_CutsWhatIsMasked(t *testing.T) {
	secret := "excerpt-" + strings.Repeat("s3cr3t", 20)
	Remember(secret)
	for limit := range 60 {
		text := strings.Repeat("x", 20) + secret + strings.Repeat("y", 20)
		for _, got := range []string{Excerpt(text, limit), Quote(text, limit)} {
			if strings.Contains(got, "excerpt") || strings.Contains(got, "s3c") {
				t.Errorf("limit %d: %s", limit, got)
			}
		}
	}
}

func TestWriter(t *testing.T) {
	Remember("writer-secret")
	Remember("writer-secret-that-is-longer")
	Remember("et-overlaps")
	for name, c := range map[string]struct {
		writes []string
		want   string
	}{
		"in one":           {[]string{"a writer-secret b\n"}, "a *** b\n"},
		"across writes":    {[]string{"a writer-", "secret b", "\n"}, "a *** b\n"},
		"at the end":       {[]string{"a writer-se", "cret"}, "a ***"},
		"byte by byte":     {strings.Split("a writer-secret b\n", ""), "a *** b\n"},
		"the longer one":   {strings.Split("a writer-secret-that-is-longer b\n", ""), "a *** b\n"},
		"two that overlap": {strings.Split("a writer-secret-overlaps b\n", ""), "a *** b\n"},
		"only begun":       {[]string{"a writer", "\nwri"}, "a writer\nwri"},
		"what is obeyed":   {[]string{"\x1b]0;title\x07\r\n"}, `\x1b]0;title\a\r` + "\n"},
		"characters":       {[]string{"\xc3", "\xa4\xe2\x9c", "\x93 \xe2"}, "ä✓ \\xe2"},
		"long":             {[]string{strings.Repeat("x", 1<<17), "writer-secret", strings.Repeat("y", 1<<17)}, strings.Repeat("x", 1<<17) + "***" + strings.Repeat("y", 1<<17)},
		"nothing":          {[]string{""}, ""},
	} {
		var out strings.Builder
		w := NewWriter(&out)
		for _, text := range c.writes {
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%s: wrote %d, %v", name, n, err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		if out.String() != c.want {
			t.Errorf("%s: got %.200q", name, out.String())
		}
	}
}

func TestWriter_HoldsBackNothingElse(t *testing.T) {
	Remember("writer-secret")
	var out strings.Builder
	w := NewWriter(&out)
	for _, text := range []string{"no newline", "-----", "\n", "1"} {
		_, _ = w.Write([]byte(text))
	}
	if got := out.String(); got != "no newline-----\n1" {
		t.Errorf("got %q", got)
	}
}

// FuzzMask looks for a text that shows a secret which stands in it.
func FuzzMask(f *testing.F) {
	for _, s := range shapes {
		f.Add("before ", s, " after", uint8(10))
	}
	f.Fuzz(func(t *testing.T, before, secret, after string, limit uint8) {
		// What is made visible consists of these.
		if len(strings.TrimSpace(secret)) < MinSecret || strings.ContainsAny(secret, "*\\.") {
			return
		}
		var set secretSet
		set.add(secret)
		masked := set.mask(before + secret + after)
		if strings.Contains(masked, secret) {
			t.Errorf("%q is shown in %q", secret, masked)
		}
		if again := Visible(masked); again != Visible(again) {
			t.Errorf("%q is made visible twice: %q", masked, again)
		}
	})
}
