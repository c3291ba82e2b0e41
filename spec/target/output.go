package target

import (
	"fmt"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// An Output is what one script printed and how it ended.
type Output struct {
	Stdout, Stderr []byte
	Status         backends.Status
	// Truncated says that more was printed than is kept.
	Truncated bool
	Took      time.Duration
}

// reason says why this output cannot be an answer, or nothing if it can. It
// knows what holds for every question: exit codes that mean the question was
// never put, and output that is not whole.
func (o Output) reason() string {
	stderr := strings.TrimSpace(string(o.Stderr))
	switch {
	case o.Status.Signal != "" || o.Status.Code > 128 && o.Status.Code <= 192:
		return "what was asked was killed (" + o.Status.String() + ")"
	case o.Status.Code == 127:
		return "not found on the target: " + excerpt(stderr)
	case o.Status.Code == 126:
		return "may not be executed on the target: " + excerpt(stderr)
	case o.Truncated:
		return fmt.Sprintf("it answered with more than %d MiB", maxOutput>>20)
	}
	return ""
}

// excerpt shortens what a target printed to what fits into a message.
func excerpt(s string) string { return evidence.Excerpt(strings.TrimSpace(s), 400) }
