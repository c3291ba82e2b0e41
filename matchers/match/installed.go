package match

// Installed is BeInstalled.
type Installed struct {
	Matcher
	version    string
	hasVersion bool
}

// WithVersion also wants the installed version to be the one given, or to
// satisfy a constraint: "1.22.1", "1.22.*", ">= 1.22", "~> 1.22", and several of
// them joined by commas. Versions are compared in the order of the subject's own
// packaging system.
//
// The subject needs the method
//
//	VersionSatisfies(constraint string) (bool, error)
func (m *Installed) WithVersion(constraint string) *Installed {
	c := *m
	c.version, c.hasVersion = constraint, true
	c.Want("be installed with version " + constraint)
	return &c
}

// Match implements types.GomegaMatcher.
func (m *Installed) Match(subject any) (bool, error) {
	if m.hasVersion {
		if err := checkVersion(subject, m.version); err != nil {
			return false, err
		}
	}
	ok, err := Ask(&m.Matcher, subject, func(s interface{ Installed() (bool, error) }) (bool, error) { return s.Installed() })
	if err != nil || !ok || !m.hasVersion {
		return ok, err
	}
	return VersionSatisfies(&m.Matcher, subject, m.version)
}

// checkVersion returns what is wrong with a constraint, where the subject can tell
// before anything is asked.
func checkVersion(subject any, constraint string) error {
	if s, ok := subject.(interface{ CheckVersion(constraint string) error }); ok {
		return s.CheckVersion(constraint)
	}
	return nil
}

// VersionSatisfies asks whether the version of the subject satisfies a constraint, by its
// method of that name. A subject that has CheckVersion(constraint string) error is asked
// first what is wrong with the constraint.
func VersionSatisfies(m *Matcher, subject any, constraint string) (bool, error) {
	if err := checkVersion(subject, constraint); err != nil {
		return false, err
	}
	return Ask(m, subject, func(s interface {
		VersionSatisfies(constraint string) (bool, error)
	}) (bool, error) {
		return s.VersionSatisfies(constraint)
	})
}
