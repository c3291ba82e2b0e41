package matchers

type beSystemUser struct{ matcher }

// BeSystemUser succeeds when the user's number is one that the target keeps for
// its own services: at most SYS_UID_MAX of its /etc/login.defs, which is 999 mostly.
//
//	User("www-data").Should(BeSystemUser())
//
// The subject needs the method
//
//	IsSystemUser() (bool, error)
func BeSystemUser() *beSystemUser {
	return &beSystemUser{matcher{constructor: "BeSystemUser", wanted: "be a system user"}}
}

// Match implements types.GomegaMatcher.
func (m *beSystemUser) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsSystemUser() (bool, error) }](&m.matcher, actual, "IsSystemUser() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsSystemUser", s.IsSystemUser)
}
