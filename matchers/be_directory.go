package matchers

type beDirectory struct{ matcher }

// BeDirectory succeeds when the subject is a directory, or a link to one.
//
//	File("/var/log").Should(BeDirectory())
//
// The subject needs the method
//
//	IsDirectory() (bool, error)
func BeDirectory() *beDirectory {
	return &beDirectory{matcher{constructor: "BeDirectory", wanted: "be a directory"}}
}

// Match implements types.GomegaMatcher.
func (m *beDirectory) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsDirectory() (bool, error) }](&m.matcher, actual, "IsDirectory() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsDirectory", s.IsDirectory)
}
