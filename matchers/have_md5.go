package matchers

import "github.com/onsi/gomega/types"

// HaveMD5 succeeds when the file has this MD5 checksum: 32 hexadecimal digits, of
// which the case does not matter. It is computed on the target, for files of any
// size.
//
//	File("/opt/legacy.jar").Should(HaveMD5("d41d8cd98f00b204e9800998ecf8427e"))
//
// The subject needs the method
//
//	MD5() (string, error)
func HaveMD5(hex string) types.GomegaMatcher {
	return haveChecksum("HaveMD5", "MD5", hex, 32, func(s interface{ MD5() (string, error) }) (string, error) { return s.MD5() })
}
