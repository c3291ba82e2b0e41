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
// A text is a name first and a number only where nobody has that name, as for
// chown(1). The subject needs the method
//
//	OwnedBy(who string) (bool, error)
//
// and for numbers OwnedByID(uid int) (bool, error); where it lacks that, a number is
// given to OwnedBy in decimal digits.
func BeOwnedBy(who any) *ownedBy {
	return &ownedBy{matcher: matcher{constructor: "BeOwnedBy", wanted: "be owned by " + account(who)}, who: who}
}

// Match implements types.GomegaMatcher.
func (m *ownedBy) Match(actual any) (bool, error) {
	s, err := subject[interface {
		OwnedBy(who string) (bool, error)
	}](&m.matcher, actual, "OwnedBy(who string) (bool, error)")
	if err != nil {
		return false, err
	}
	var byID func(int) (bool, error)
	if n, ok := actual.(interface {
		OwnedByID(uid int) (bool, error)
	}); ok {
		byID = n.OwnedByID
	}
	return askAccount(&m.matcher, actual, "OwnedBy", m.who, s.OwnedBy, byID)
}

// askAccount asks about a user or group, given by its name or its number; byID is nil
// where the subject takes numbers as decimal digits.
func askAccount(m *matcher, actual any, question string, who any, byName func(string) (bool, error), byID func(int) (bool, error)) (bool, error) {
	name, err := nameOrNumber(who)
	if err != nil {
		return false, mistake("%s: %w", m.constructor, err)
	}
	return ask(m, actual, question, func() (bool, error) {
		if id, ok := who.(int); ok && byID != nil {
			return byID(id)
		}
		return byName(name)
	})
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
			return "", fmt.Errorf("%d is not a valid number of a user or group", who)
		}
		return strconv.Itoa(who), nil
	}
	return "", fmt.Errorf("want a name or a number, not %T", who)
}
