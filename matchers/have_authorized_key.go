package matchers

type haveAuthorizedKey struct {
	matcher
	key string
}

// HaveAuthorizedKey succeeds when the user's authorized_keys hold a public key, which
// is given as a .pub file has it. The type and the key itself are compared; comments,
// and options before the key in authorized_keys, are not.
//
//	User("deploy").Should(HaveAuthorizedKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."))
//
// The subject needs the method
//
//	HasAuthorizedKey(key string) (bool, error)
func HaveAuthorizedKey(key string) *haveAuthorizedKey {
	return &haveAuthorizedKey{matcher: matcher{constructor: "HaveAuthorizedKey", wanted: "have authorized key " + shown(key)}, key: key}
}

// Match implements types.GomegaMatcher.
func (m *haveAuthorizedKey) Match(actual any) (bool, error) {
	s, err := subject[interface {
		HasAuthorizedKey(key string) (bool, error)
	}](&m.matcher, actual, "HasAuthorizedKey(key string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "HasAuthorizedKey", func() (bool, error) { return s.HasAuthorizedKey(m.key) })
}
