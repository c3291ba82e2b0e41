package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeSystemUser succeeds when the user's number is one that the target keeps for
// its own services: at most SYS_UID_MAX of its /etc/login.defs, which is 999 mostly.
//
//	User("www-data").Should(BeSystemUser())
//
// The subject needs the method
//
//	IsSystemUser() (bool, error)
func BeSystemUser() types.GomegaMatcher {
	return match.That("BeSystemUser", "be a system user", func(s interface{ IsSystemUser() (bool, error) }) (bool, error) { return s.IsSystemUser() })
}
