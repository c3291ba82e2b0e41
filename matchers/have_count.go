package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveCount succeeds when there are as many of the subject as given, or as many
// as satisfy a matcher. Of what does not exist there are 0.
//
//	Process("nginx").Should(HaveCount(3))
//	Process("nginx").Should(HaveCount(BeNumerically(">=", 2)))
//
// The subject needs the method
//
//	Count() (int, error)
func HaveCount(want any) types.GomegaMatcher {
	return match.Value("HaveCount", "have count", want, func(s interface{ Count() (int, error) }) (int, error) { return s.Count() })
}
