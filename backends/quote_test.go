package backends_test

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

// shells are those that read our text somewhere: sh is always there, the others
// where they are installed.
func shells(tb testing.TB) map[string][]string {
	all := map[string][]string{
		"sh": {"sh"}, "dash": {"dash"}, "bash": {"bash"}, "bash as sh": {"bash", "--posix"},
		"busybox": {"busybox", "ash"}, "mksh": {"mksh"}, "ksh": {"ksh"}, "zsh as sh": {"zsh", "--emulate", "sh"},
	}
	for name, words := range all {
		if _, err := exec.LookPath(words[0]); err != nil {
			if name == "sh" {
				tb.Fatal(err)
			}
			delete(all, name)
		}
	}
	return all
}

// printWords is a command of the shell's own that prints its arguments, each with
// a NUL after it. Some shells have no printf of their own, hence env.
const printWords = "env printf '%s\\0' "

// checkQuote has every shell read the words as arguments.
func checkQuote(t *testing.T, shells map[string][]string, words []string) {
	t.Helper()
	text := printWords + backends.Quote(words...)
	want := strings.Join(words, "\x00") + "\x00"
	for name, args := range shells {
		for _, locale := range []string{"C", "C.UTF-8"} {
			// By stdin, as text is sent to a shell that stays open, and as an argument.
			for _, c := range []*exec.Cmd{
				exec.CommandContext(t.Context(), args[0], append(args[1:], "-s")...),
				exec.CommandContext(t.Context(), args[0], append(args[1:], "-c", text)...),
			} {
				var stderr bytes.Buffer
				c.Env = []string{"LC_ALL=" + locale, "PATH=/usr/bin:/bin"}
				c.Stdin = strings.NewReader(text + "\n")
				c.Stderr = &stderr
				found, err := c.Output()
				if string(found) != want || err != nil || stderr.Len() > 0 {
					t.Errorf("%s, %s: expected %q, found %q, %v, %s", name, locale, want, found, err, stderr.String())
				}
			}
		}
	}
}

// hostile are words that mean something to some shell.
func hostile() []string {
	var all strings.Builder
	for i := 1; i < 256; i++ {
		all.WriteByte(byte(i))
	}
	return []string{
		"", " ", "a b", "\t", "\n", "a\n", "\n\n", "\r", "'", "''", "it's", `"`, `'"'`, `\`, `a\`, `\'`, "\\\n",
		"$HOME", "$(echo no)", "`echo no`", "${x}", "$'x'", "!", "!!", "-n", "--", "-e", "*", "?", "[a]", "~", "~root",
		"{a,b}", ";", "&", "|", "<", ">", "(", ")", "{", "}", "#", "#a", "A=b", "=ls", "%s", "%", "^", "+", "@(a)",
		"\xff", "\xc3", "\xe2\x82'", "\x81'", "\x01", "\x7f", "\x80", "gr\u00fc\u00df", "\u2028", all.String(),
	}
}

func TestQuote(t *testing.T) {
	shells := shells(t)
	checkQuote(t, shells, append(hostile(), strings.Repeat("it's $x\n", 2_000)))
	if got := backends.Quote(); got != "" {
		t.Errorf("expected no words to be no text, found %q", got)
	}
}

// In first place a word is a program, though a shell would have it otherwise:
// it is found in PATH or not, and nothing else. Each shell has them all at once.
func TestQuoteFirstWord(t *testing.T) {
	words := []string{
		"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "{", "}", "!",
		"function", "select", "time", "coproc", "namespace", "[[", "]]", "A=b", "a[1]=b", "A+=b", "#", "~", "*", "", ";", "(", "&",
	}
	var text, want strings.Builder
	for i, word := range words {
		fmt.Fprintf(&text, "%s || echo %d\n", backends.Quote(word), i)
		fmt.Fprintf(&want, "%d\n", i)
	}
	for name, args := range shells(t) {
		c := exec.CommandContext(t.Context(), args[0], append(args[1:], "-c", text.String())...)
		c.Env, c.Dir = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}, t.TempDir()
		c.Stderr = io.Discard
		if found, err := c.Output(); err != nil || string(found) != want.String() {
			t.Errorf("%s: expected the numbers of %q, none of which is a program, found %q, %v", name, words, found, err)
		}
	}
}

// FuzzQuote sends words through every shell and wants them back. NULs, which no
// word can hold, part the words, so that one run of a shell tries many.
func FuzzQuote(f *testing.F) {
	f.Add(strings.Join(hostile(), "\x00"))
	f.Add("A=b\x00if\x00\xff'\x00")
	shells := shells(f)
	f.Fuzz(func(t *testing.T, text string) {
		// A process cannot be given much more in one word.
		if len(text) < 20_000 {
			checkQuote(t, shells, strings.Split(text, "\x00"))
		}
	})
}
