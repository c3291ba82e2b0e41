package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveGID succeeds when the group has this number, or when it is that of the user's
// primary group.
//
//	Group("www-data").Should(HaveGID(33))
//	User("www-data").Should(HaveGID(33))
//
// The subject needs the method
//
//	GID() (int, error)
func HaveGID(gid int) types.GomegaMatcher {
	return match.Value("HaveGID", "have gid", gid, func(s interface{ GID() (int, error) }) (int, error) { return s.GID() })
}
