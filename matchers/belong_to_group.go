package matchers

import "fmt"

type belongToGroup struct {
	matcher
	group any
}

// BelongToGroup succeeds when the user is in a group, given by its name or by its
// number. The primary group counts.
//
//	User("deploy").Should(BelongToGroup("www-data"))
//
// The subject needs the method
//
//	BelongsToGroup(group string) (bool, error)
func BelongToGroup(group any) *belongToGroup {
	return &belongToGroup{matcher: matcher{constructor: "BelongToGroup", wanted: "belong to group " + fmt.Sprint(group)}, group: group}
}

// Match implements types.GomegaMatcher.
func (m *belongToGroup) Match(actual any) (bool, error) {
	s, err := subject[interface {
		BelongsToGroup(group string) (bool, error)
	}](&m.matcher, actual, "BelongsToGroup(group string) (bool, error)")
	if err != nil {
		return false, err
	}
	group, err := nameOrNumber(m.group)
	if err != nil {
		return false, fmt.Errorf("BelongToGroup: %w", err)
	}
	return ask(&m.matcher, actual, "BelongsToGroup", func() (bool, error) { return s.BelongsToGroup(group) })
}
