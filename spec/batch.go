package spec

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"
	gtypes "github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// batches is how the questions of one-liners about one target are joined.
type batches struct {
	limit  int // at most so many specs in the next batch; 0 means all
	asked  int // specs that the last batch asked for
	served int // specs that used its answers
}

// maxRounds bounds how often a batch is asked for what depends on its answers.
const maxRounds = 2

// prepare makes sure that the answers o needs are known, and asks on the same
// occasion for what the one-liners to come need. Whatever goes wrong here is
// told when the question itself is put.
func (s *suite) prepare(ctx context.Context, r *record, o *oneLiner, t *target.Target) {
	plan := s.planOf(r, o)
	s.mu.Lock()
	b := s.batches[t]
	if b == nil {
		b = &batches{}
		s.batches[t] = b
	}
	s.mu.Unlock()
	if len(plan.Wants) == 0 {
		b.served++
		return
	}
	// A batch that served a single spec before it was stale was not worth its
	// questions: the next one asks for one spec, and doubles from there.
	switch {
	case b.asked > 1 && b.served <= 1:
		b.limit = 1
	case b.limit > 0:
		b.limit *= 2
	}
	mates := s.mates(ctx, r, o, t, b.limit)
	b.asked, b.served = len(mates), 1
	s.expectCommands(t)
	for range maxRounds {
		all := target.Plan{}
		for _, mate := range mates {
			p := s.planOf(r, mate)
			all.Wants, all.As = append(all.Wants, p.Wants...), append(all.As, p.As...)
		}
		if len(all.Wants) == 0 {
			return
		}
		for _, as := range distinct(all.As) {
			var wants []target.Want
			for i, w := range all.Wants {
				if all.As[i] == as {
					wants = append(wants, w)
				}
			}
			if err := t.Fetch(r.ctx, as, distinct(wants), r.epoch); err != nil {
				return
			}
		}
	}
}

// distinct leaves out what has come before.
func distinct[T comparable](all []T) []T {
	seen := make(map[T]bool, len(all))
	var out []T
	for _, one := range all {
		if !seen[one] {
			seen[one] = true
			out = append(out, one)
		}
	}
	return out
}

// mates returns the one-liners whose questions are asked together: o first, then
// those of the same target that are still to come.
func (s *suite) mates(ctx context.Context, r *record, o *oneLiner, t *target.Target, limit int) []*oneLiner {
	s.mu.Lock()
	all := slices.Clone(s.oneLiners)
	s.mu.Unlock()
	out := []*oneLiner{o}
	for _, m := range all {
		if limit > 0 && len(out) >= limit {
			break
		}
		if m == o || m.command != nil || !s.toCome(m) {
			continue
		}
		if other, err := s.target(m.block); err != nil || other != t {
			continue
		}
		if !holdAll(ctx, t, m.holds) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// toCome reports whether a one-liner may still run, as far as can be known
// beforehand.
func (s *suite) toCome(o *oneLiner) bool {
	s.mu.Lock()
	done := o.done
	s.mu.Unlock()
	if done {
		return false
	}
	if o.chosen == nil {
		chosen := s.filter().leave(o)
		o.chosen = &chosen
	}
	return *o.chosen
}

// expectCommands tells the target how many commands are going to be run, and by whom.
func (s *suite) expectCommands(t *target.Target) {
	s.mu.Lock()
	all := slices.Clone(s.oneLiners)
	s.mu.Unlock()
	groups := map[*commandGroup]target.Identity{}
	for _, o := range all {
		if o.command == nil || !s.toCome(o) {
			continue
		}
		if other, err := s.target(o.block); err == nil && other == t {
			groups[o.group] = o.command.RunsAs(t.As())
		}
	}
	counts := map[target.Identity]int{}
	for _, as := range groups {
		counts[as]++
	}
	for as, n := range counts {
		t.Expect(as, n)
	}
}

// planOf finds out what a one-liner would ask, by running its matcher with
// questions that are only noted.
func (s *suite) planOf(r *record, o *oneLiner) *target.Plan {
	plan := &target.Plan{}
	block := r.block
	r.plan, r.block = plan, o.block
	defer func() { r.plan, r.block = nil, block }()
	for _, m := range leaves(o.matcher) {
		if _, ok := m.(evidence.Asks); ok {
			if _, err := m.Match(o.subject); err != nil && !errors.Is(err, target.ErrPlanned) {
				continue // told when it is asked for good
			}
		}
	}
	return plan
}

// leaves takes apart the combinations that Gomega offers, since a question that
// is only noted would end them at their first part.
func leaves(m types.GomegaMatcher) []types.GomegaMatcher {
	var parts []types.GomegaMatcher
	switch c := m.(type) {
	case *matchers.AndMatcher:
		parts = c.Matchers
	case *matchers.OrMatcher:
		parts = c.Matchers
	case *matchers.NotMatcher:
		parts = []types.GomegaMatcher{c.Matcher}
	default:
		return []types.GomegaMatcher{m}
	}
	var out []types.GomegaMatcher
	for _, p := range parts {
		out = append(out, leaves(p)...)
	}
	return out
}

// filters are Ginkgo's, as far as they are known before the run.
type filters struct {
	title       string
	suiteLabels []string
	label       func([]string) bool
	focus, skip *regexp.Regexp
	focusFiles  gtypes.FileFilters
	skipFiles   gtypes.FileFilters
}

// filter returns the filters, which are read once: the configuration does not
// change after the first node has started.
func (s *suite) filter() *filters {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filters == nil {
		f := s.readFilters()
		s.filters = &f
	}
	return s.filters
}

// readFilters reads Ginkgo's configuration. Ginkgo has checked it already: what
// cannot be read here leaves everything in.
func (s *suite) readFilters() filters {
	c, _ := ginkgo.GinkgoConfiguration()
	f := filters{title: s.title, suiteLabels: s.labels}
	if c.LabelFilter != "" {
		if l, err := gtypes.ParseLabelFilter(c.LabelFilter); err == nil {
			f.label = l
		}
	}
	f.focus, f.skip = joined(c.FocusStrings), joined(c.SkipStrings)
	f.focusFiles, _ = gtypes.ParseFileFilters(c.FocusFiles)
	f.skipFiles, _ = gtypes.ParseFileFilters(c.SkipFiles)
	return f
}

func joined(expressions []string) *regexp.Regexp {
	if len(expressions) == 0 {
		return nil
	}
	re, err := regexp.Compile(strings.Join(expressions, "|"))
	if err != nil {
		return nil
	}
	return re
}

// leave reports whether the filters leave a one-liner in.
func (f *filters) leave(o *oneLiner) bool {
	if f.label != nil && !f.label(append(slices.Clone(f.suiteLabels), o.tree.Labels()...)) {
		return false
	}
	if len(f.focusFiles)+len(f.skipFiles) > 0 {
		locations := append(slices.Clone(o.tree.ContainerHierarchyLocations), o.location)
		if len(f.focusFiles) > 0 && !f.focusFiles.Matches(locations) || len(f.skipFiles) > 0 && f.skipFiles.Matches(locations) {
			return false
		}
	}
	if f.focus == nil && f.skip == nil {
		return true
	}
	text := strings.TrimSpace(f.title + " " + strings.TrimSpace(o.tree.FullText()+" "+o.text))
	return (f.focus == nil || f.focus.MatchString(text)) && (f.skip == nil || !f.skip.MatchString(text))
}
