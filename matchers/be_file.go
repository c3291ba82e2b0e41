package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeFile succeeds when the subject is a regular file, or a link to one.
//
//	File("/etc/hosts").Should(BeFile())
//
// The subject needs the method
//
//	IsFile() (bool, error)
func BeFile() types.GomegaMatcher {
	return match.That("BeFile", "be a file", func(s interface{ IsFile() (bool, error) }) (bool, error) { return s.IsFile() })
}
