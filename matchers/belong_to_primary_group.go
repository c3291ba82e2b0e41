package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type (
	belongsToPrimaryGroup interface {
		BelongsToPrimaryGroup(group string) (bool, error)
	}
	belongsToPrimaryGroupID interface {
		BelongsToPrimaryGroupID(gid int) (bool, error)
	}
)

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
func BelongToPrimaryGroup(group any) types.GomegaMatcher {
	return match.Account("BelongToPrimaryGroup", "belong to primary group", group, belongsToPrimaryGroup.BelongsToPrimaryGroup, belongsToPrimaryGroupID.BelongsToPrimaryGroupID)
}
