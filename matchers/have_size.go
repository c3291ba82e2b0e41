package matchers

type haveSize struct {
	matcher
	want expectation
	err  error
}

// HaveSize succeeds when the file has this size in bytes, or one that satisfies a
// matcher.
//
//	File("/etc/motd").Should(HaveSize(0))
//	File("/var/log/app.log").Should(HaveSize(BeNumerically("<", 1<<30)))
//
// The subject needs the method
//
//	Size() (int, error)
func HaveSize(size any) *haveSize {
	e, err := equals[int](size)
	return &haveSize{matcher: matcher{constructor: "HaveSize", wanted: "have size " + e.text}, want: e, err: err}
}

// Match implements types.GomegaMatcher.
func (m *haveSize) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, mistake("HaveSize: %w", m.err)
	}
	s, err := subject[interface{ Size() (int, error) }](&m.matcher, actual, "Size() (int, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "Size", s.Size)
	if err != nil {
		return false, err
	}
	return m.want.match(got)
}
