package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeDirectory succeeds when the subject is a directory, or a link to one.
//
//	File("/var/log").Should(BeDirectory())
//
// The subject needs the method
//
//	IsDirectory() (bool, error)
func BeDirectory() types.GomegaMatcher {
	return match.That("BeDirectory", "be a directory", func(s interface{ IsDirectory() (bool, error) }) (bool, error) { return s.IsDirectory() })
}
