package matchers

import "fmt"

type beGroupedInto struct {
	matcher
	group any
}

// BeGroupedInto succeeds when the subject belongs to a group, given by its name or
// by its number. A text of digits is a number, too.
//
//	File("/var/www").Should(BeGroupedInto("www-data"))
//	File("/var/www").Should(BeGroupedInto(33))
//
// The subject needs the method
//
//	GroupedInto(group string) (bool, error)
func BeGroupedInto(group any) *beGroupedInto {
	return &beGroupedInto{matcher: matcher{constructor: "BeGroupedInto", wanted: "be grouped into " + fmt.Sprint(group)}, group: group}
}

// Match implements types.GomegaMatcher.
func (m *beGroupedInto) Match(actual any) (bool, error) {
	s, err := subject[interface {
		GroupedInto(group string) (bool, error)
	}](&m.matcher, actual, "GroupedInto(group string) (bool, error)")
	if err != nil {
		return false, err
	}
	group, err := nameOrNumber(m.group)
	if err != nil {
		return false, fmt.Errorf("BeGroupedInto: %w", err)
	}
	return ask(&m.matcher, actual, "GroupedInto", func() (bool, error) { return s.GroupedInto(group) })
}
