package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/near"
	"github.com/hostspec/hostspec/spec/target"
)

// checkWord says what is wrong with a word of a chain, of which some are served
// and others are known but not served yet.
func checkWord(what, got string, served, later []string) error {
	switch {
	case slices.Contains(served, got):
		return nil
	case slices.Contains(later, got):
		return fmt.Errorf("the %s %q is not supported yet; supported so far: %s", what, got, strings.Join(served, ", "))
	}
	text := fmt.Sprintf("there is no %s %q", what, got)
	text += near.DidYouMean(got, slices.Concat(served, later))
	return fmt.Errorf("%s (supported so far: %s)", text, strings.Join(served, ", "))
}

// maxNear is how many names a text offers instead of one that is not there.
const maxNear = near.Most

// similar returns the names that somebody who wrote name may have meant.
func similar(name string, names []string) []string { return near.Names(name, names) }

// firstWords is what a failed tool said, shortened.
func firstWords(o target.Output) string {
	text := strings.TrimSpace(string(o.Stderr))
	if text == "" {
		text = o.Status.String()
	}
	return evidence.Excerpt(strings.ReplaceAll(text, "\n", " "), 200)
}
