package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeCharacterDevice succeeds when the subject is a character device, or a link to
// one.
//
//	File("/dev/null").Should(BeCharacterDevice())
//
// The subject needs the method
//
//	IsCharacterDevice() (bool, error)
func BeCharacterDevice() types.GomegaMatcher {
	return match.That("BeCharacterDevice", "be a character device", func(s interface{ IsCharacterDevice() (bool, error) }) (bool, error) { return s.IsCharacterDevice() })
}
