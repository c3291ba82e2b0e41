package matchers

type haveStdout struct {
	matcher
	want any
}

// HaveStdout succeeds when what the command prints contains the text, or matches
// the matcher.
//
//	Command("nginx -v 2>&1").Should(HaveStdout("nginx/1.22"))
//	Command("id -un").Should(HaveStdout(Equal("root\n")))
//
// The subject needs the method
//
//	Stdout() (string, error)
func HaveStdout(want any) *haveStdout {
	return &haveStdout{matcher: matcher{constructor: "HaveStdout", wanted: "have stdout " + containsText(want)}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *haveStdout) Match(actual any) (bool, error) {
	s, err := subject[interface{ Stdout() (string, error) }](&m.matcher, actual, "Stdout() (string, error)")
	if err != nil {
		return false, err
	}
	return m.matchText(actual, "Stdout", s.Stdout, m.want)
}
