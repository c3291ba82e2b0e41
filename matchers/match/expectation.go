package match

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/wording"
)

// An expectation stands where an author may give a value or a Gomega matcher.
type expectation struct {
	matcher types.GomegaMatcher // nil for a value
	value   any
	// holds compares what was found with the value.
	holds func(found any) bool
	text  string
}

// equals expects a value equal to want, or what the matcher want expects.
func equals[V comparable](want any) (expectation, error) {
	if m, ok := want.(types.GomegaMatcher); ok {
		return matching(m), checkMatcher(m)
	}
	v, ok := want.(V)
	if !ok {
		return expectation{text: shown(want)}, fmt.Errorf("want a %T or a matcher, not %T", *new(V), want)
	}
	return expectation{value: v, text: shown(v), holds: func(found any) bool { return found == any(v) }}, nil
}

// contains expects a text that contains the text want, or what the matcher want
// expects.
func contains(want any) (expectation, error) {
	if m, ok := want.(types.GomegaMatcher); ok {
		return matching(m), checkMatcher(m)
	}
	v, ok := want.(string)
	if !ok {
		return expectation{text: shown(want)}, fmt.Errorf("want a string or a matcher, not %T", want)
	}
	return expectation{value: v, text: "containing " + shown(v), holds: func(found any) bool {
		s, ok := found.(string)
		return ok && strings.Contains(s, v)
	}}, nil
}

// checkMatcher returns what is wrong with a matcher of Gomega's whatever it is given,
// as far as that can be known: Gomega itself finds it when something was found.
func checkMatcher(m types.GomegaMatcher) error {
	switch m := m.(type) {
	case *matchers.MatchRegexpMatcher:
		_, err := regexp.Compile(fmt.Sprintf(m.Regexp, m.Args...))
		if len(m.Args) == 0 {
			_, err = regexp.Compile(m.Regexp)
		}
		return err
	case *matchers.NotMatcher:
		return checkMatcher(m.Matcher)
	case *matchers.AndMatcher:
		return checkMatchers(m.Matchers)
	case *matchers.OrMatcher:
		return checkMatchers(m.Matchers)
	}
	return nil
}

func checkMatchers(all []types.GomegaMatcher) error {
	for _, m := range all {
		if err := checkMatcher(m); err != nil {
			return err
		}
	}
	return nil
}

func matching(m types.GomegaMatcher) expectation {
	return expectation{matcher: m, text: wording.That(m)}
}

// match compares what was found with what is expected.
func (e expectation) match(found any) (bool, error) {
	if e.matcher != nil {
		return e.matcher.Match(found)
	}
	return e.holds(found), nil
}

// compare is match for an answer of the subject. Where a matcher of Gomega's makes nothing
// of it, it could not be told.
func (m *Matcher) compare(e expectation, found any) (bool, error) {
	held, err := e.match(found)
	if err != nil {
		return false, m.Unknown("%v", err)
	}
	return held, nil
}

// shown writes a value for people: texts in quotes, shortened, without secrets.
func shown(v any) string { return wording.Value(v) }

// formatted is what an author may have given with arguments for package fmt.
func formatted(text string, args []any) string {
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}
