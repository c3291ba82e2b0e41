package matchers

type beLinkedTo struct {
	matcher
	target string
}

// BeLinkedTo succeeds when the subject is a symbolic link that points to target,
// exactly as it is written in the link: a relative one is not made absolute.
//
//	File("/etc/localtime").Should(BeLinkedTo("/usr/share/zoneinfo/Etc/UTC"))
//
// The subject needs the method
//
//	LinkedTo(target string) (bool, error)
func BeLinkedTo(target string) *beLinkedTo {
	return &beLinkedTo{matcher: matcher{constructor: "BeLinkedTo", wanted: "be linked to " + shown(target)}, target: target}
}

// Match implements types.GomegaMatcher.
func (m *beLinkedTo) Match(actual any) (bool, error) {
	s, err := subject[interface {
		LinkedTo(target string) (bool, error)
	}](&m.matcher, actual, "LinkedTo(target string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "LinkedTo", func() (bool, error) { return s.LinkedTo(m.target) })
}
