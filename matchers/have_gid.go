package matchers

import "fmt"

type haveGID struct {
	matcher
	gid int
}

// HaveGID succeeds when the group has this number, or when it is that of the user's
// primary group.
//
//	Group("www-data").Should(HaveGID(33))
//	User("www-data").Should(HaveGID(33))
//
// The subject needs the method
//
//	GID() (int, error)
func HaveGID(gid int) *haveGID {
	return &haveGID{matcher: matcher{constructor: "HaveGID", wanted: fmt.Sprintf("have gid %d", gid)}, gid: gid}
}

// Match implements types.GomegaMatcher.
func (m *haveGID) Match(actual any) (bool, error) {
	s, err := subject[interface{ GID() (int, error) }](&m.matcher, actual, "GID() (int, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "GID", s.GID)
	return err == nil && got == m.gid, err
}
