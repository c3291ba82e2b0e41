package matchers

type haveMD5 struct {
	matcher
	sum string
}

// HaveMD5 succeeds when the file has this MD5 checksum: 32 hexadecimal digits, of
// which the case does not matter. It is computed on the target, for files of any
// size.
//
//	File("/opt/legacy.jar").Should(HaveMD5("d41d8cd98f00b204e9800998ecf8427e"))
//
// The subject needs the method
//
//	MD5() (string, error)
func HaveMD5(hex string) *haveMD5 {
	return &haveMD5{matcher: matcher{constructor: "HaveMD5", wanted: "have MD5 " + hex}, sum: hex}
}

// Match implements types.GomegaMatcher.
func (m *haveMD5) Match(actual any) (bool, error) {
	s, err := subject[interface{ MD5() (string, error) }](&m.matcher, actual, "MD5() (string, error)")
	if err != nil {
		return false, err
	}
	return m.matchChecksum(actual, "MD5", s.MD5, m.sum, 32)
}
