package matchers

type running struct{ matcher }

// BeRunning succeeds when the subject runs: a service is active, a process of
// that name lives. What does not exist does not run; a service that is just
// starting or that has failed does not run, and neither does a zombie.
//
//	Service("nginx").Should(BeRunning())
//	Process("nginx").Should(BeRunning())
//
// The subject needs the method
//
//	Running() (bool, error)
func BeRunning() *running {
	return &running{matcher{constructor: "BeRunning", wanted: "be running"}}
}

// Match implements types.GomegaMatcher.
func (m *running) Match(actual any) (bool, error) {
	s, err := subject[interface{ Running() (bool, error) }](&m.matcher, actual, "Running() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Running", s.Running)
}
