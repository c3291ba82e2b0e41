package matchers

type beCharacterDevice struct{ matcher }

// BeCharacterDevice succeeds when the subject is a character device, or a link to
// one.
//
//	File("/dev/null").Should(BeCharacterDevice())
//
// The subject needs the method
//
//	IsCharacterDevice() (bool, error)
func BeCharacterDevice() *beCharacterDevice {
	return &beCharacterDevice{matcher{constructor: "BeCharacterDevice", wanted: "be a character device"}}
}

// Match implements types.GomegaMatcher.
func (m *beCharacterDevice) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsCharacterDevice() (bool, error) }](&m.matcher, actual, "IsCharacterDevice() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsCharacterDevice", s.IsCharacterDevice)
}
