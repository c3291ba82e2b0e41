package target

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
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
		return "not found on the target: " + excerpt(withoutPlace(stderr))
	case o.Status.Code == 126:
		return "may not be executed on the target: " + excerpt(withoutPlace(stderr))
	case o.Truncated:
		return fmt.Sprintf("it answered with more than %d MiB", maxOutput>>20)
	}
	return ""
}

// excerpt shortens what a target printed to what fits into a message.
func excerpt(s string) string { return evidence.Excerpt(strings.TrimSpace(s), 400) }

// place is what a shell writes before its complaint: its name, where in the script it is,
// and that this came by eval. dash, busybox, bash, mksh and ksh93 each have their own way.
var place = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:E: )?(?:/bin/)?sh(?:\[\d+\])?: (?:(?:eval|exec|(?:line )?\d+|<stdin>)(?:\[\d+\])?: )*`)
})

// withoutPlace leaves out of complaints of the shell what says nothing to the author: he
// knows neither the shell nor its lines.
func withoutPlace(stderr string) string { return place().ReplaceAllString(stderr, "") }

// complaints are what a shell's line holds that says why it could not execute a program.
var complaints = []string{
	": not found", ": command not found", ": inaccessible or not found", ": No such file or directory",
	": Permission denied", ": Is a directory", ": is a directory", ": Not a directory", ": Exec format error",
	": Text file busy", ": Argument list too long", ": cannot execute", ": can't execute", ": bad interpreter",
}

// NotExecuted returns what the shell itself said when it ended with 126 or 127 because it
// could not execute a program, and "" where it did not say so: then a program, or the
// author, has chosen that code. A redirection may have led the words to either stream.
func (o Output) NotExecuted() string {
	if o.Status.Code != 126 && o.Status.Code != 127 {
		return ""
	}
	for _, stream := range [][]byte{o.Stderr, o.Stdout} {
		for line := range bytes.Lines(stream) {
			if why := refusal(strings.TrimSuffix(string(line), "\n")); why != "" {
				return why
			}
		}
	}
	return ""
}

// refusal returns a shell's own words in a line that says why it executed nothing.
func refusal(line string) string {
	at := place().FindString(line)
	words := line[len(at):]
	if at != "" && slices.ContainsFunc(complaints, func(c string) bool { return strings.Contains(words, c) }) {
		return words
	}
	return ""
}
