package backends

import (
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// Quote makes POSIX shell text out of words: a shell that reads the result as a
// command sees exactly these words again. It is the only place where words become
// shell text.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote leaves nothing bare that a shell could take for its own: a word such as
// "if" or "A=b" is not a command's name where it comes first.
func quote(word string) string {
	q := shellescape.Quote(word)
	if q == word && (reserved(word) || strings.Contains(word, "=")) {
		q = "'" + word + "'"
	}
	return q
}

// reserved says whether a word is one of the reserved words of POSIX (Shell
// Command Language, 2.4), or of those that bash, mksh and ksh add.
func reserved(word string) bool {
	switch word {
	case "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
		"function", "namespace", "select", "time", "coproc":
		return true
	}
	return false
}
