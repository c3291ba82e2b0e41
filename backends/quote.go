package backends

import (
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// Quote makes POSIX shell text out of words: a shell that reads the result sees
// exactly these words again. It is the only place where words become shell text.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellescape.Quote(w)
	}
	return strings.Join(quoted, " ")
}
