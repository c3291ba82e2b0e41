package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type (
	groupedInto interface {
		GroupedInto(group string) (bool, error)
	}
	groupedIntoID interface {
		GroupedIntoID(gid int) (bool, error)
	}
)

// BeGroupedInto succeeds when the subject belongs to a group, given by its name or
// by its number.
//
//	File("/var/www").Should(BeGroupedInto("www-data"))
//	File("/var/www").Should(BeGroupedInto(33))
//
// The subject needs the method
//
//	GroupedInto(group string) (bool, error)
//
// and may have GroupedIntoID(gid int) (bool, error) for numbers, as for BeOwnedBy.
func BeGroupedInto(group any) types.GomegaMatcher {
	return match.Account("BeGroupedInto", "be grouped into", group, groupedInto.GroupedInto, groupedIntoID.GroupedIntoID)
}
