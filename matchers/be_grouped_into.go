package matchers

type beGroupedInto struct {
	matcher
	group any
}

// BeGroupedInto succeeds when the subject belongs to a group, given by its name or
// by its number.
//
//	File("/var/www").Should(BeGroupedInto("www-data"))
//	File("/var/www").Should(BeGroupedInto(33))
//
// The subject needs the method
//
//	GroupedInto(group string) (bool, error)
//
// and may have GroupedIntoID(gid int) (bool, error) for numbers, as for BeOwnedBy.
func BeGroupedInto(group any) *beGroupedInto {
	return &beGroupedInto{matcher: matcher{constructor: "BeGroupedInto", wanted: "be grouped into " + account(group)}, group: group}
}

// Match implements types.GomegaMatcher.
func (m *beGroupedInto) Match(actual any) (bool, error) {
	s, err := subject[interface {
		GroupedInto(group string) (bool, error)
	}](&m.matcher, actual, "GroupedInto(group string) (bool, error)")
	if err != nil {
		return false, err
	}
	var byID func(int) (bool, error)
	if n, ok := actual.(interface {
		GroupedIntoID(gid int) (bool, error)
	}); ok {
		byID = n.GroupedIntoID
	}
	return askAccount(&m.matcher, actual, "GroupedInto", m.group, s.GroupedInto, byID)
}
