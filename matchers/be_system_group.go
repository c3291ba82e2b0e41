package matchers

type beSystemGroup struct{ matcher }

// BeSystemGroup succeeds when the group's number is one that the target keeps for
// its own services: at most SYS_GID_MAX of its /etc/login.defs, which is 999 mostly.
//
//	Group("ssl-cert").Should(BeSystemGroup())
//
// The subject needs the method
//
//	IsSystemGroup() (bool, error)
func BeSystemGroup() *beSystemGroup {
	return &beSystemGroup{matcher{constructor: "BeSystemGroup", wanted: "be a system group"}}
}

// Match implements types.GomegaMatcher.
func (m *beSystemGroup) Match(actual any) (bool, error) {
	s, err := subject[interface{ IsSystemGroup() (bool, error) }](&m.matcher, actual, "IsSystemGroup() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "IsSystemGroup", s.IsSystemGroup)
}
