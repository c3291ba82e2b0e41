package matchers

type haveSHA256 struct {
	matcher
	sum string
}

// HaveSHA256 succeeds when the file has this SHA-256 checksum: 64 hexadecimal digits, of
// which the case does not matter. It is computed on the target, for files of any
// size.
//
//	File("/usr/local/bin/app").Should(HaveSHA256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
//
// The subject needs the method
//
//	SHA256() (string, error)
func HaveSHA256(hex string) *haveSHA256 {
	return &haveSHA256{matcher: matcher{constructor: "HaveSHA256", wanted: "have SHA256 " + hex}, sum: hex}
}

// Match implements types.GomegaMatcher.
func (m *haveSHA256) Match(actual any) (bool, error) {
	s, err := subject[interface{ SHA256() (string, error) }](&m.matcher, actual, "SHA256() (string, error)")
	if err != nil {
		return false, err
	}
	return m.matchChecksum(actual, "SHA256", s.SHA256, m.sum, 64)
}
