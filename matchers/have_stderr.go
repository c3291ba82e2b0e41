package matchers

type haveStderr struct {
	matcher
	want any
}

// HaveStderr succeeds when what the command prints to stderr contains the text,
// or matches the matcher.
//
//	Command("nginx -t").Should(HaveStderr("test is successful"))
//
// The subject needs the method
//
//	Stderr() (string, error)
func HaveStderr(want any) *haveStderr {
	return &haveStderr{matcher: matcher{constructor: "HaveStderr", wanted: "have stderr " + containsText(want)}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *haveStderr) Match(actual any) (bool, error) {
	s, err := subject[interface{ Stderr() (string, error) }](&m.matcher, actual, "Stderr() (string, error)")
	if err != nil {
		return false, err
	}
	return m.matchText(actual, "Stderr", s.Stderr, m.want)
}
