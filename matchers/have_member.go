package matchers

type haveMember struct {
	matcher
	user string
}

// HaveMember succeeds when a user is in the group, whether the group lists him or it
// is his primary one.
//
//	Group("docker").Should(HaveMember("deploy"))
//
// The subject needs the method
//
//	HasMember(user string) (bool, error)
func HaveMember(user string) *haveMember {
	return &haveMember{matcher: matcher{constructor: "HaveMember", wanted: "have member " + shown(user)}, user: user}
}

// Match implements types.GomegaMatcher.
func (m *haveMember) Match(actual any) (bool, error) {
	s, err := subject[interface {
		HasMember(user string) (bool, error)
	}](&m.matcher, actual, "HasMember(user string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "HasMember", func() (bool, error) { return s.HasMember(m.user) })
}
