package command

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

// mayComment finds what may begin a comment: a "#" that neither a letter nor a quote
// stands before.
var mayComment = regexp.MustCompile(`(^|[^a-z'])#`)

// FuzzSplit compares with dash, for texts that dash expands nothing of.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		"", " ", "a", "a b", " a\tb ", "a  b", `a\ b`, `a\\b`, `'a b'`, `'a'"b"c`, `""`, `''`, `a ''`, `'' a`, `""''x`, `"a\"b"`, `"a\b"`, `"a\\b"`,
		`"a\
b"`, "a\\\nb", "\\\n", "a \\\n b", "'a\\\nb'", "'a\nb'", `'\'`, `"'"`, `'"'`, "\\'", "\\\"", "a\rb", "a \r b", "\v", "\f", "\u00a0", "a\u00a0b", "\u2028", "é", "\xff",
		"'", `"`, `\`, `a'b`, `a"b`, `a\`, `"a\`, `"a\"`, `'a'b'`, `-`, `--`, `~`, `a=b`, `%`, `!`, `^`, `{}`, `,`, `a'#'b`, `x#y`, `"\$x"`, "\"\\`\"", `"a!b"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// Marks a shell reads outside quotes; it is enough to leave texts with them out.
		if strings.ContainsAny(text, "$`;&|<>()*?[]\x00") || mayComment.MatchString(text) {
			return
		}
		got, err := split(text)
		want, ok := byDash(t, text)
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, where dash has %q, %v", text, got, err, want, ok)
		}
	})
}

// byDash is what dash makes of words. A newline between words is no end to a prefix.
func byDash(t *testing.T, text string) (words []string, ok bool) {
	// Read by eval, a backslash at the end is dash's own; nothing can follow it.
	if trailing := len(text) - len(strings.TrimRight(text, `\`)); trailing%2 == 1 && !inSingleQuotes(text) {
		return nil, false
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("dash", "-c", `set -f; eval "set -- $1" && for w; do printf '%s\0' "$w"; done`, "dash", newlinesOut(text))
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, []string{"HOME=~"}
	if err := cmd.Run(); err != nil {
		return nil, false
	}
	words = strings.Split(stdout.String(), "\x00")
	return words[:len(words)-1], true
}

// newlinesOut makes spaces of newlines outside quotes, as a prefix has them.
func newlinesOut(text string) string {
	var b strings.Builder
	quotes(text, func(c byte, quoted bool) {
		if c == '\n' && !quoted {
			c = ' '
		}
		b.WriteByte(c)
	})
	return b.String()
}

func inSingleQuotes(text string) bool { return quotes(text, func(byte, bool) {}) == '\'' }

// quotes calls f for each byte, and returns the quote that is open at the end.
func quotes(text string, f func(c byte, quoted bool)) (open byte) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && open != '\'':
			f(c, true)
			if i++; i < len(text) {
				f(text[i], true)
			}
			continue
		case open == 0 && (c == '\'' || c == '"'):
			open = c
		case c == open:
			open = 0
		}
		f(c, open != 0)
	}
	return open
}

func TestURI(t *testing.T) {
	for text, want := range map[string]string{
		"exec:":                           "names no command",
		"exec:  ":                         "names no command",
		"exec:'' x":                       "names no command",
		"exec:podman exec -i 'web":        "single quote",
		`exec:podman exec -i "web`:        "double quote",
		`exec:podman exec -i web\`:        "backslash",
		"exec:a\x00b":                     "NUL",
		"exec:sh -c 'x?y'":                "",
		"exec:podman exec -i web?sudo=no": "option sudo",
	} {
		_, err := backends.Parse(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, where %q was wanted", text, err, want)
		}
	}
	u, err := backends.Parse("exec:kubectl exec -i 'my pod' -- ?timeout=2m&sudo=true")
	if err != nil || u.Rest != "kubectl exec -i 'my pod' -- " || !u.Sudo || u.String() != "exec:kubectl exec -i 'my pod' -- " {
		t.Errorf("%+v, %v", u, err)
	}
}
