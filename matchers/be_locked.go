package matchers

type beLocked struct{ matcher }

// BeLocked succeeds when the user's password is locked: its field in shadow(5)
// begins with "!", as usermod -L leaves it. A user with "*", whom no password lets
// in, is not locked, since a key may. Only root can tell.
//
//	User("olduser").Should(BeLocked())
//
// The subject needs the method
//
//	Locked() (bool, error)
func BeLocked() *beLocked {
	return &beLocked{matcher{constructor: "BeLocked", wanted: "be locked"}}
}

// Match implements types.GomegaMatcher.
func (m *beLocked) Match(actual any) (bool, error) {
	s, err := subject[interface{ Locked() (bool, error) }](&m.matcher, actual, "Locked() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Locked", s.Locked)
}
