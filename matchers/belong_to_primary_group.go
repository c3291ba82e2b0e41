package matchers

type belongToPrimaryGroup struct {
	matcher
	group any
}

// BelongToPrimaryGroup succeeds when a group, given by its name or by its number, is
// the user's primary one.
//
//	User("deploy").Should(BelongToPrimaryGroup("deploy"))
//
// The subject needs the method
//
//	BelongsToPrimaryGroup(group string) (bool, error)
//
// and may have BelongsToPrimaryGroupID(gid int) (bool, error) for numbers, as for BeOwnedBy.
func BelongToPrimaryGroup(group any) *belongToPrimaryGroup {
	return &belongToPrimaryGroup{matcher: matcher{constructor: "BelongToPrimaryGroup", wanted: "belong to primary group " + account(group)}, group: group}
}

// Match implements types.GomegaMatcher.
func (m *belongToPrimaryGroup) Match(actual any) (bool, error) {
	s, err := subject[interface {
		BelongsToPrimaryGroup(group string) (bool, error)
	}](&m.matcher, actual, "BelongsToPrimaryGroup(group string) (bool, error)")
	if err != nil {
		return false, err
	}
	var byID func(int) (bool, error)
	if n, ok := actual.(interface {
		BelongsToPrimaryGroupID(gid int) (bool, error)
	}); ok {
		byID = n.BelongsToPrimaryGroupID
	}
	return askAccount(&m.matcher, actual, "BelongsToPrimaryGroup", m.group, s.BelongsToPrimaryGroup, byID)
}
