package matchers

type installed struct {
	matcher
	version    string
	hasVersion bool
}

// BeInstalled succeeds when the subject is installed: a package, a service, a
// SELinux module. A package that was removed and left its configuration is not
// installed; one on hold is.
//
//	Package("nginx").Should(BeInstalled())
//	Package("nginx").Should(BeInstalled().WithVersion(">= 1.22, < 2"))
//
// The subject needs the method
//
//	Installed() (bool, error)
func BeInstalled() *installed {
	return &installed{matcher: matcher{constructor: "BeInstalled", wanted: "be installed"}}
}

// WithVersion also wants the installed version to be the one given, or to
// satisfy a constraint: "1.22.1", "1.22.*", ">= 1.22", "~> 1.22", and several of
// them joined by commas. Versions are compared in the order of the subject's own
// packaging system.
//
// The subject needs the method
//
//	VersionSatisfies(constraint string) (bool, error)
func (m *installed) WithVersion(constraint string) *installed {
	c := *m
	c.version, c.hasVersion, c.wanted = constraint, true, "be installed with version "+constraint
	return &c
}

// checkVersion returns what is wrong with a constraint, where the subject can tell
// before anything is asked.
func checkVersion(actual any, constraint string) error {
	if s, ok := actual.(interface{ CheckVersion(constraint string) error }); ok {
		return s.CheckVersion(constraint)
	}
	return nil
}

// Match implements types.GomegaMatcher.
func (m *installed) Match(actual any) (bool, error) {
	s, err := subject[interface{ Installed() (bool, error) }](&m.matcher, actual, "Installed() (bool, error)")
	if err != nil {
		return false, err
	}
	if m.hasVersion {
		if err := checkVersion(actual, m.version); err != nil {
			return false, err
		}
	}
	ok, err := ask(&m.matcher, actual, "Installed", s.Installed)
	if err != nil || !ok || !m.hasVersion {
		return ok, err
	}
	v, err := subject[interface {
		VersionSatisfies(constraint string) (bool, error)
	}](&m.matcher, actual, "VersionSatisfies(constraint string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "VersionSatisfies", func() (bool, error) { return v.VersionSatisfies(m.version) })
}
