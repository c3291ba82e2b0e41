package matchers

import (
	"fmt"
	"strconv"
)

type ownedBy struct {
	matcher
	who any
}

// BeOwnedBy succeeds when the subject belongs to the user, whose name or number
// is given: a file, or all processes of a name. What does not exist is an error.
//
//	File("/etc/shadow").Should(BeOwnedBy("root"))
//	File("/srv/data").Should(BeOwnedBy(1001))
//	Process("nginx").Should(BeOwnedBy("www-data"))
//
// The subject needs the method
//
//	OwnedBy(who string) (bool, error)
//
// which is given a number as decimal digits.
func BeOwnedBy(who any) *ownedBy {
	return &ownedBy{matcher: matcher{constructor: "BeOwnedBy", wanted: fmt.Sprintf("be owned by %v", who)}, who: who}
}

// Match implements types.GomegaMatcher.
func (m *ownedBy) Match(actual any) (bool, error) {
	who, err := nameOrNumber(m.who)
	if err != nil {
		return false, fmt.Errorf("BeOwnedBy: %w", err)
	}
	s, err := subject[interface {
		OwnedBy(who string) (bool, error)
	}](&m.matcher, actual, "OwnedBy(who string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "OwnedBy", func() (bool, error) { return s.OwnedBy(who) })
}

// nameOrNumber is the name of a user or group, or its number as decimal digits.
func nameOrNumber(who any) (string, error) {
	switch who := who.(type) {
	case string:
		if who == "" {
			return "", fmt.Errorf("the name is empty")
		}
		return who, nil
	case int:
		if who < 0 {
			return "", fmt.Errorf("%d is no user or group", who)
		}
		return strconv.Itoa(who), nil
	}
	return "", fmt.Errorf("want a name or a number, not %T", who)
}
