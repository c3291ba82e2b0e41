package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveSize succeeds when the file has this size in bytes, or one that satisfies a
// matcher.
//
//	File("/etc/motd").Should(HaveSize(0))
//	File("/var/log/app.log").Should(HaveSize(BeNumerically("<", 1<<30)))
//
// The subject needs the method
//
//	Size() (int, error)
func HaveSize(size any) types.GomegaMatcher {
	return match.Value("HaveSize", "have size", size, func(s interface{ Size() (int, error) }) (int, error) { return s.Size() })
}
