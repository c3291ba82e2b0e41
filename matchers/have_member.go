package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec/wording"
)

// HaveMember succeeds when a user is in the group, whether the group lists him or it
// is his primary one.
//
//	Group("docker").Should(HaveMember("deploy"))
//
// The subject needs the method
//
//	HasMember(user string) (bool, error)
func HaveMember(user string) types.GomegaMatcher {
	return match.That("HaveMember", "have member "+wording.Value(user), func(s interface {
		HasMember(user string) (bool, error)
	}) (bool, error) {
		return s.HasMember(user)
	})
}
