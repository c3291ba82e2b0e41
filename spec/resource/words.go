package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// maxNear is how many names a text offers instead of one that is not there.
const maxNear = 5

// similar returns the names that somebody who wrote name may have meant, the
// nearest first: those that are a slip of the pen away, then those that contain
// it or are contained in it.
func similar(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	wanted := strings.ToLower(name)
	for _, n := range names {
		low := strings.ToLower(n)
		d := editDistance(wanted, low)
		within := len(wanted) >= 3 && strings.Contains(low, wanted) || len(low) >= 3 && strings.Contains(wanted, low)
		if n == name || d > min(3, max(1, len(wanted)/3)) && !within {
			continue
		}
		found = append(found, candidate{n, d})
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var out []string
	for _, c := range found {
		if len(out) < maxNear && !slices.Contains(out, c.name) {
			out = append(out, c.name)
		}
	}
	return out
}

// editDistance counts the letters to insert, delete, replace or swap with their
// neighbour to make b out of a. Where the lengths alone differ by more than any
// slip of the pen, that difference is the answer.
func editDistance(a, b string) int {
	if d := len(a) - len(b); d > 8 || d < -8 {
		return max(d, -d)
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differs)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

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
	if near := similar(got, slices.Concat(served, later)); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return fmt.Errorf("%s (supported so far: %s)", text, strings.Join(served, ", "))
}

// firstWords is what a failed tool said, shortened.
func firstWords(o target.Output) string {
	text := strings.TrimSpace(string(o.Stderr))
	if text == "" {
		text = o.Status.String()
	}
	return evidence.Excerpt(strings.ReplaceAll(text, "\n", " "), 200)
}
