package matchers

type masked struct{ matcher }

// BeMasked succeeds when the subject, a unit of systemd, is masked: it can be
// started by nothing. A unit that does not exist is not masked. It is an error of
// what another init system runs, since only systemd masks.
//
//	Service("telnetd").Should(BeMasked())
//
// The subject needs the method
//
//	Masked() (bool, error)
func BeMasked() *masked {
	return &masked{matcher{constructor: "BeMasked", wanted: "be masked"}}
}

// Match implements types.GomegaMatcher.
func (m *masked) Match(actual any) (bool, error) {
	s, err := subject[interface{ Masked() (bool, error) }](&m.matcher, actual, "Masked() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Masked", s.Masked)
}
