package matchers

type beSocket struct{ matcher }

// BeSocket succeeds when the subject is a unix socket, or a link to one. Whether
// somebody listens on it is another question.
//
//	File("/run/app.sock").Should(BeSocket())
//
// The subject needs the method
//
//	IsSocket() (bool, error)
func BeSocket() *beSocket {
	return &beSocket{matcher{constructor: "BeSocket", wanted: "be a socket"}}
}

// Match implements types.GomegaMatcher.
func (m *beSocket) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsSocket() (bool, error) }](&m.matcher, actual, "IsSocket() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsSocket", s.IsSocket)
}
