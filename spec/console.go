package spec

import (
	"bytes"
	"io"
	"sync"

	"github.com/onsi/ginkgo/v2"
	gtypes "github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A console stands between Ginkgo's reporter and stdout. It cleans what an author may
// have written to GinkgoWriter, of secrets and of what a terminal obeys, and it puts the author's line where
// Ginkgo knows but one of ours: a one-liner fails from within this package,
// long after the line that declared it has returned, and Ginkgo takes the place
// of a failure from the stack.
type console struct {
	out io.Writer
	// colours says that Ginkgo prints in colours.
	colours bool

	mu sync.Mutex
	// ours is the line that Ginkgo was told, and authors the one to put in its
	// place while the one-liner that failed last is told of.
	ours, authors string
	// failed are the lines of all one-liners that failed for good, in order, and
	// summary says that the list at the end has begun, which names them again.
	failed  []string
	summary bool
}

// failOneLiner fails the running spec. All one-liners fail here, and so at one
// line of ours.
func (s *suite) failOneLiner(o *oneLiner, message string) {
	s.console.fail(gtypes.NewCodeLocation(0), o.location, evidence.Clean(message))
}

// fail fails the running spec at the caller's line, which is ours.
func (c *console) fail(ours, authors gtypes.CodeLocation, message string) {
	if c != nil {
		c.mu.Lock()
		c.ours, c.authors = ours.String(), authors.String()
		c.mu.Unlock()
	}
	ginkgo.Fail(message, 1)
}

// failedForGood notes a one-liner that was given no further attempt.
func (c *console) failedForGood(authors gtypes.CodeLocation) {
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.failed = append(c.failed, authors.String())
	}
}

// Write passes on one block of the reporter.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := p
	if bytes.Contains(text, []byte("Summarizing ")) {
		c.summary = true
	}
	if c.ours != "" && bytes.Contains(text, []byte(c.ours)) {
		if c.summary && len(c.failed) > 0 {
			c.authors, c.failed = c.failed[0], c.failed[1:]
		}
		text = bytes.ReplaceAll(text, []byte(c.ours), []byte(c.authors))
	}
	if _, err := io.WriteString(c.out, clean(string(text), c.colours)); err != nil {
		return 0, err
	}
	return len(p), nil
}
