package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeBlockDevice succeeds when the subject is a block device, or a link to one.
//
//	File("/dev/sda").Should(BeBlockDevice())
//
// The subject needs the method
//
//	IsBlockDevice() (bool, error)
func BeBlockDevice() types.GomegaMatcher {
	return match.That("BeBlockDevice", "be a block device", func(s interface{ IsBlockDevice() (bool, error) }) (bool, error) { return s.IsBlockDevice() })
}
