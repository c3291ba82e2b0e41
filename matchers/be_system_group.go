package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeSystemGroup succeeds when the group's number is one that the target keeps for
// its own services: at most SYS_GID_MAX of its /etc/login.defs, which is 999 mostly.
//
//	Group("ssl-cert").Should(BeSystemGroup())
//
// The subject needs the method
//
//	IsSystemGroup() (bool, error)
func BeSystemGroup() types.GomegaMatcher {
	return match.That("BeSystemGroup", "be a system group", func(s interface{ IsSystemGroup() (bool, error) }) (bool, error) { return s.IsSystemGroup() })
}
