package matchers

type beFile struct{ matcher }

// BeFile succeeds when the subject is a regular file, or a link to one.
//
//	File("/etc/hosts").Should(BeFile())
//
// The subject needs the method
//
//	IsFile() (bool, error)
func BeFile() *beFile {
	return &beFile{matcher{constructor: "BeFile", wanted: "be a file"}}
}

// Match implements types.GomegaMatcher.
func (m *beFile) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsFile() (bool, error) }](&m.matcher, actual, "IsFile() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsFile", s.IsFile)
}
