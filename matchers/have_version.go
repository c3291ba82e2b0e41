package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type version struct {
	match.Matcher
	constraint string
}

// HaveVersion succeeds when the installed version of the subject is the one given
// or satisfies a constraint, as in BeInstalled().WithVersion, or when it satisfies
// a matcher, which is given the full version. A subject that is not installed is
// an error.
//
//	Package("nginx").Should(HaveVersion(">= 1.22, < 2"))
//	Package("nginx").Should(HaveVersion(HaveSuffix("deb12u3")))
//
// The subject needs the method
//
//	VersionSatisfies(constraint string) (bool, error)
//
// for a string, and
//
//	Version() (string, error)
//
// for a matcher.
func HaveVersion(want any) types.GomegaMatcher {
	if constraint, ok := want.(string); ok {
		return &version{match.New("HaveVersion", "have version "+constraint), constraint}
	}
	return match.Value("HaveVersion", "have version", want, func(s interface{ Version() (string, error) }) (string, error) { return s.Version() })
}

// Match implements types.GomegaMatcher.
func (m *version) Match(subject any) (bool, error) {
	return match.VersionSatisfies(&m.Matcher, subject, m.constraint)
}
