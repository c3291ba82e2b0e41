package matchers

import "fmt"

type haveUID struct {
	matcher
	uid int
}

// HaveUID succeeds when the user has this number.
//
//	User("www-data").Should(HaveUID(33))
//
// The subject needs the method
//
//	UID() (int, error)
func HaveUID(uid int) *haveUID {
	return &haveUID{matcher: matcher{constructor: "HaveUID", wanted: fmt.Sprintf("have uid %d", uid)}, uid: uid}
}

// Match implements types.GomegaMatcher.
func (m *haveUID) Match(actual any) (bool, error) {
	s, err := subject[interface{ UID() (int, error) }](&m.matcher, actual, "UID() (int, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "UID", s.UID)
	return err == nil && got == m.uid, err
}
