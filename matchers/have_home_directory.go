package matchers

type haveHomeDirectory struct {
	matcher
	want expectation
	err  error
}

// HaveHomeDirectory succeeds when the user's home directory is this path, exactly as
// it is written in passwd(5), or satisfies a matcher. Whether it is there is a
// question of File.
//
//	User("deploy").Should(HaveHomeDirectory("/home/deploy"))
//
// The subject needs the method
//
//	Home() (string, error)
func HaveHomeDirectory(home any) *haveHomeDirectory {
	e, err := equals[string](home)
	return &haveHomeDirectory{matcher: matcher{constructor: "HaveHomeDirectory", wanted: "have home directory " + e.text}, want: e, err: err}
}

// Match implements types.GomegaMatcher.
func (m *haveHomeDirectory) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, mistake("HaveHomeDirectory: %w", m.err)
	}
	s, err := subject[interface{ Home() (string, error) }](&m.matcher, actual, "Home() (string, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "Home", s.Home)
	if err != nil {
		return false, err
	}
	return m.want.match(got)
}
