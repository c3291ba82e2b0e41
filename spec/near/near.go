// Package near finds what somebody may have meant who wrote a name that does not
// exist.
package near

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Most is how many names are offered instead of one that is not there.
const Most = 5

// Names returns the names that somebody who wrote name may have meant, the
// nearest first: those that are a slip of the pen away, then those that contain
// it or are contained in it.
func Names(name string, names []string) []string {
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
		if len(out) < Most && !slices.Contains(out, c.name) {
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

// DidYouMean returns the question that follows a name nobody knows, with what
// precedes it: `; did you mean "nginx"?`. Without a near name it is empty.
func DidYouMean(name string, names []string) string {
	if near := Names(name, names); len(near) > 0 {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return ""
}
