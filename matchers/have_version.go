package matchers

import (
	"github.com/onsi/gomega/types"
)

type version struct {
	matcher
	want any
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
func HaveVersion(want any) *version {
	text, ok := want.(string)
	if m, is := want.(types.GomegaMatcher); is {
		text = matching(m).text
	} else if !ok {
		text = shown(want)
	}
	return &version{matcher: matcher{constructor: "HaveVersion", wanted: "have version " + text}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *version) Match(actual any) (bool, error) {
	switch want := m.want.(type) {
	case string:
		s, err := subject[interface {
			VersionSatisfies(constraint string) (bool, error)
		}](&m.matcher, actual, "VersionSatisfies(constraint string) (bool, error)")
		if err != nil {
			return false, err
		}
		if err := checkVersion(actual, want); err != nil {
			return false, err
		}
		return ask(&m.matcher, actual, "VersionSatisfies", func() (bool, error) { return s.VersionSatisfies(want) })
	case types.GomegaMatcher:
		s, err := subject[interface{ Version() (string, error) }](&m.matcher, actual, "Version() (string, error)")
		if err != nil {
			return false, err
		}
		v, err := ask(&m.matcher, actual, "Version", s.Version)
		if err != nil {
			return false, err
		}
		return want.Match(v)
	}
	return false, mistake("HaveVersion wants a string or a matcher, not %T", m.want)
}
