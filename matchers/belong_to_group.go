package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type (
	belongsToGroup interface {
		BelongsToGroup(group string) (bool, error)
	}
	belongsToGroupID interface {
		BelongsToGroupID(gid int) (bool, error)
	}
)

// BelongToGroup succeeds when the user is in a group, given by its name or by its
// number. The primary group counts.
//
//	User("deploy").Should(BelongToGroup("www-data"))
//
// The subject needs the method
//
//	BelongsToGroup(group string) (bool, error)
//
// and may have BelongsToGroupID(gid int) (bool, error) for numbers, as for BeOwnedBy.
func BelongToGroup(group any) types.GomegaMatcher {
	return match.Account("BelongToGroup", "belong to group", group, belongsToGroup.BelongsToGroup, belongsToGroupID.BelongsToGroupID)
}
