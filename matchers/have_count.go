package matchers

type count struct {
	matcher
	want any
}

// HaveCount succeeds when there are as many of the subject as given, or as many
// as satisfy a matcher. Of what does not exist there are 0.
//
//	Process("nginx").Should(HaveCount(3))
//	Process("nginx").Should(HaveCount(BeNumerically(">=", 2)))
//
// The subject needs the method
//
//	Count() (int, error)
func HaveCount(want any) *count {
	text := shown(want)
	if e, err := equals[int](want); err == nil {
		text = e.text
	}
	return &count{matcher: matcher{constructor: "HaveCount", wanted: "have count " + text}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *count) Match(actual any) (bool, error) {
	want, err := equals[int](m.want)
	if err != nil {
		return false, mistake("HaveCount: %w", err)
	}
	s, err := subject[interface{ Count() (int, error) }](&m.matcher, actual, "Count() (int, error)")
	if err != nil {
		return false, err
	}
	n, err := ask(&m.matcher, actual, "Count", s.Count)
	if err != nil {
		return false, err
	}
	return want.match(n)
}
