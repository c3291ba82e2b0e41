package matchers

type beImmutable struct{ matcher }

// BeImmutable succeeds when the file has the attribute i of chattr(1): nobody can
// change, rename, link or remove it. Where the file system has no attributes, or
// lsattr is missing, it cannot be told.
//
//	File("/etc/resolv.conf").Should(BeImmutable())
//
// The subject needs the method
//
//	Immutable() (bool, error)
func BeImmutable() *beImmutable {
	return &beImmutable{matcher{constructor: "BeImmutable", wanted: "be immutable"}}
}

// Match implements types.GomegaMatcher.
func (m *beImmutable) Match(actual any) (bool, error) {
	s, err := subject[interface{ Immutable() (bool, error) }](&m.matcher, actual, "Immutable() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Immutable", s.Immutable)
}
