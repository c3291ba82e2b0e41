package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveUID succeeds when the user has this number.
//
//	User("www-data").Should(HaveUID(33))
//
// The subject needs the method
//
//	UID() (int, error)
func HaveUID(uid int) types.GomegaMatcher {
	return match.Value("HaveUID", "have uid", uid, func(s interface{ UID() (int, error) }) (int, error) { return s.UID() })
}
