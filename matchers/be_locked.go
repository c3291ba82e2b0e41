package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeLocked succeeds when the user's password is locked: its field in shadow(5)
// begins with "!", as usermod -L leaves it. A user with "*", whom no password lets
// in, is not locked, since a key may. Only root can tell.
//
//	User("olduser").Should(BeLocked())
//
// The subject needs the method
//
//	Locked() (bool, error)
func BeLocked() types.GomegaMatcher {
	return match.That("BeLocked", "be locked", func(s interface{ Locked() (bool, error) }) (bool, error) { return s.Locked() })
}
