package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type (
	ownedBy interface {
		OwnedBy(who string) (bool, error)
	}
	ownedByID interface {
		OwnedByID(uid int) (bool, error)
	}
)

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
func BeOwnedBy(who any) types.GomegaMatcher {
	return match.Account("BeOwnedBy", "be owned by", who, ownedBy.OwnedBy, ownedByID.OwnedByID)
}
