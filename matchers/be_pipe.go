package matchers

type bePipe struct{ matcher }

// BePipe succeeds when the subject is a named pipe, or a link to one.
//
//	File("/run/initctl").Should(BePipe())
//
// The subject needs the method
//
//	IsPipe() (bool, error)
func BePipe() *bePipe {
	return &bePipe{matcher{constructor: "BePipe", wanted: "be a pipe"}}
}

// Match implements types.GomegaMatcher.
func (m *bePipe) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsPipe() (bool, error) }](&m.matcher, actual, "IsPipe() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsPipe", s.IsPipe)
}
