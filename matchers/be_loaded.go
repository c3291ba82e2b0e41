package matchers

type beLoaded struct{ matcher }

// BeLoaded succeeds when a module of the kernel is loaded.
//
//	KernelModule("br_netfilter").Should(BeLoaded())
//
// The subject needs the method
//
//	Loaded() (bool, error)
func BeLoaded() *beLoaded {
	return &beLoaded{matcher{constructor: "BeLoaded", wanted: "be loaded"}}
}

// Match implements types.GomegaMatcher.
func (m *beLoaded) Match(actual any) (bool, error) {
	s, err := subject[interface{ Loaded() (bool, error) }](&m.matcher, actual, "Loaded() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Loaded", s.Loaded)
}
