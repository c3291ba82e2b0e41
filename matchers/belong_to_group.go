package matchers

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
//
// and may have BelongsToGroupID(gid int) (bool, error) for numbers, as for BeOwnedBy.
func BelongToGroup(group any) *belongToGroup {
	return &belongToGroup{matcher: matcher{constructor: "BelongToGroup", wanted: "belong to group " + account(group)}, group: group}
}

// Match implements types.GomegaMatcher.
func (m *belongToGroup) Match(actual any) (bool, error) {
	s, err := subject[interface {
		BelongsToGroup(group string) (bool, error)
	}](&m.matcher, actual, "BelongsToGroup(group string) (bool, error)")
	if err != nil {
		return false, err
	}
	var byID func(int) (bool, error)
	if n, ok := actual.(interface {
		BelongsToGroupID(gid int) (bool, error)
	}); ok {
		byID = n.BelongsToGroupID
	}
	return askAccount(&m.matcher, actual, "BelongsToGroup", m.group, s.BelongsToGroup, byID)
}
