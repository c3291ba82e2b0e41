package matchers

type exist struct{ matcher }

// Exist succeeds when there is such a thing: a file of any kind, a user, a group.
// Of a file links are followed, so a link to nowhere does not exist.
//
//	File("/etc/nginx/nginx.conf").Should(Exist())
//	User("guest").ShouldNot(Exist())
//
// The subject needs the method
//
//	Exists() (bool, error)
func Exist() *exist {
	return &exist{matcher{constructor: "Exist", wanted: "exist"}}
}

// Match implements types.GomegaMatcher.
func (m *exist) Match(actual any) (bool, error) {
	s, err := subject[interface{ Exists() (bool, error) }](&m.matcher, actual, "Exists() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Exists", s.Exists)
}
