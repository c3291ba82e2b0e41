package snapshot

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Since names the files of a snapshot taken with Options.Stamps that something has
// written, made or renamed at or after a moment of the target's clock, or within the
// second before, sorted, without noise.
func (s *Snapshot) Since(moment time.Time) []string {
	var out []string
	noise := s.filter()
	for name, stamp := range s.stamps {
		seconds, _, _ := strings.Cut(stamp.changed, ".")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil && n < moment.Unix()-1 {
			continue
		}
		if !noise.ignores(KindFile, name, false) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
