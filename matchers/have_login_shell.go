package matchers

type haveLoginShell struct {
	matcher
	want expectation
	err  error
}

// HaveLoginShell succeeds when the user's login shell is this path, exactly as it is
// written in passwd(5), or satisfies a matcher.
//
//	User("deploy").Should(HaveLoginShell("/bin/bash"))
//	User("www-data").Should(HaveLoginShell(HaveSuffix("nologin")))
//
// The subject needs the method
//
//	Shell() (string, error)
func HaveLoginShell(shell any) *haveLoginShell {
	e, err := equals[string](shell)
	return &haveLoginShell{matcher: matcher{constructor: "HaveLoginShell", wanted: "have login shell " + e.text}, want: e, err: err}
}

// Match implements types.GomegaMatcher.
func (m *haveLoginShell) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, mistake("HaveLoginShell: %w", m.err)
	}
	s, err := subject[interface{ Shell() (string, error) }](&m.matcher, actual, "Shell() (string, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "Shell", s.Shell)
	if err != nil {
		return false, err
	}
	return m.want.match(got)
}
