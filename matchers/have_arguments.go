package matchers

type arguments struct {
	matcher
	want any
}

// HaveArguments succeeds when the command line of at least one of the subject's
// processes contains a string, or satisfies a matcher. A command line is all
// words, the first one included, joined by spaces. Where there is no process it
// is an error.
//
//	Process("sshd").Should(HaveArguments("-D"))
//	Process("java").Should(HaveArguments(MatchRegexp(`-Xmx\d+g`)))
//
// The subject needs the method
//
//	Arguments() ([]string, error)
func HaveArguments(want any) *arguments {
	return &arguments{matcher: matcher{constructor: "HaveArguments", wanted: "have arguments " + containsText(want)}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *arguments) Match(actual any) (bool, error) {
	want, err := contains(m.want)
	if err != nil {
		return false, mistake("HaveArguments: %w", err)
	}
	s, err := subject[interface{ Arguments() ([]string, error) }](&m.matcher, actual, "Arguments() ([]string, error)")
	if err != nil {
		return false, err
	}
	lines, err := ask(&m.matcher, actual, "Arguments", s.Arguments)
	if err != nil {
		return false, err
	}
	for _, line := range lines {
		ok, err := want.match(line)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}
