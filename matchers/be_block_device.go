package matchers

type beBlockDevice struct{ matcher }

// BeBlockDevice succeeds when the subject is a block device, or a link to one.
//
//	File("/dev/sda").Should(BeBlockDevice())
//
// The subject needs the method
//
//	IsBlockDevice() (bool, error)
func BeBlockDevice() *beBlockDevice {
	return &beBlockDevice{matcher{constructor: "BeBlockDevice", wanted: "be a block device"}}
}

// Match implements types.GomegaMatcher.
func (m *beBlockDevice) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsBlockDevice() (bool, error) }](&m.matcher, actual, "IsBlockDevice() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsBlockDevice", s.IsBlockDevice)
}
