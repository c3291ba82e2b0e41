package matchers

type beSymlink struct{ matcher }

// BeSymlink succeeds when the subject is itself a symbolic link, also one to
// nowhere.
//
//	File("/etc/nginx/sites-enabled/default").Should(BeSymlink())
//
// The subject needs the method
//
//	IsSymlink() (bool, error)
func BeSymlink() *beSymlink {
	return &beSymlink{matcher{constructor: "BeSymlink", wanted: "be a symlink"}}
}

// Match implements types.GomegaMatcher.
func (m *beSymlink) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsSymlink() (bool, error) }](&m.matcher, actual, "IsSymlink() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsSymlink", s.IsSymlink)
}
