package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec/wording"
)

// HaveAuthorizedKey succeeds when the user's authorized_keys hold a public key, which
// is given as a .pub file has it. The type and the key itself are compared; comments,
// and options before the key in authorized_keys, are not.
//
//	User("deploy").Should(HaveAuthorizedKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."))
//
// The subject needs the method
//
//	HasAuthorizedKey(key string) (bool, error)
func HaveAuthorizedKey(key string) types.GomegaMatcher {
	return match.That("HaveAuthorizedKey", "have authorized key "+wording.Value(key), func(s interface {
		HasAuthorizedKey(key string) (bool, error)
	}) (bool, error) {
		return s.HasAuthorizedKey(key)
	})
}
