package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveArguments succeeds when the command line of at least one of the subject's
// processes contains a string, or satisfies a matcher. A command line is all
// words, the first one included, joined by spaces. Where there is no process it
// is an error.
//
//	Process("sshd").Should(HaveArguments("-D"))
//	Process("java").Should(HaveArguments(MatchRegexp(`-Xmx\d+g`)))
//
// The subject needs the method
//
//	Arguments() ([]string, error)
func HaveArguments(want any) types.GomegaMatcher {
	return match.AnyText("HaveArguments", "have arguments", want, func(s interface{ Arguments() ([]string, error) }) ([]string, error) { return s.Arguments() })
}
