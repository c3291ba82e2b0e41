package spec

import (
	"bytes"
	"io"
	"sync"

	"github.com/onsi/ginkgo/v2"
	gtypes "github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A console stands between Ginkgo's reporter and stdout. It cleans what an author
// may have written to GinkgoWriter, of secrets and of what a terminal obeys, and it
// puts the author's line where Ginkgo knows but one of ours: a one-liner fails from
// within this package, long after the line that declared it has returned, and Ginkgo
// takes the place of a failure from the stack. What Ginkgo makes at the end is put
// right by placeFailures.
type console struct {
	out io.Writer
	// colours says that Ginkgo prints in colours.
	colours bool

	mu sync.Mutex
	// ours is the line that Ginkgo was told, and authors the one to put in its
	// place while the one-liner that failed last is told of.
	ours, authors string
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
	skip := 1
	if c, _ := ginkgo.GinkgoConfiguration(); c.ParallelTotal > 1 {
		// The command ginkgo reports what happens in several processes, and knows
		// the place as it was told. None is better than ours: it prints that of the
		// one-liner beside it.
		skip = beyondStack
	}
	ginkgo.Fail(message, skip)
}

// beyondStack is more calls than any stack of this package has.
const beyondStack = 1 << 20

// Write passes on one block of the reporter.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := p
	if c.ours != "" && bytes.Contains(text, []byte(c.ours)) {
		text = bytes.ReplaceAll(text, []byte(c.ours), []byte(c.authors))
	}
	if _, err := io.WriteString(c.out, clean(string(text), c.colours)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// placeFailures puts the author's line where Ginkgo knows but one of ours, in the
// values that its own reports and the summary at the end are made from.
func (s *suite) placeFailures(all gtypes.SpecReports) {
	for i := range all {
		if r := &all[i]; r.State.Is(gtypes.SpecStateFailureStates) && s.isOneLiner(r.LeafNodeLocation) {
			r.Failure.Location.FileName, r.Failure.Location.LineNumber = r.LeafNodeLocation.FileName, r.LeafNodeLocation.LineNumber
		}
	}
}
