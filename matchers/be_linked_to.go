package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec/wording"
)

// BeLinkedTo succeeds when the subject is a symbolic link that points to target,
// exactly as it is written in the link: a relative one is not made absolute.
//
//	File("/etc/localtime").Should(BeLinkedTo("/usr/share/zoneinfo/Etc/UTC"))
//
// The subject needs the method
//
//	LinkedTo(target string) (bool, error)
func BeLinkedTo(target string) types.GomegaMatcher {
	return match.That("BeLinkedTo", "be linked to "+wording.Value(target), func(s interface {
		LinkedTo(target string) (bool, error)
	}) (bool, error) {
		return s.LinkedTo(target)
	})
}
