package matchers

type beMounted struct{ matcher }

// BeMounted succeeds when a file system is mounted at the path.
//
//	File("/srv").Should(BeMounted())
//
// The subject needs the method
//
//	Mounted() (bool, error)
func BeMounted() *beMounted {
	return &beMounted{matcher{constructor: "BeMounted", wanted: "be mounted"}}
}

// Match implements types.GomegaMatcher.
func (m *beMounted) Match(actual any) (bool, error) {
	s, err := subject[interface{ Mounted() (bool, error) }](&m.matcher, actual, "Mounted() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Mounted", s.Mounted)
}
