package matchers

import "github.com/onsi/gomega/types"

// HaveSHA256 succeeds when the file has this SHA-256 checksum: 64 hexadecimal digits, of
// which the case does not matter. It is computed on the target, for files of any
// size.
//
//	File("/usr/local/bin/app").Should(HaveSHA256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
//
// The subject needs the method
//
//	SHA256() (string, error)
func HaveSHA256(hex string) types.GomegaMatcher {
	return haveChecksum("HaveSHA256", "SHA256", hex, 64, func(s interface{ SHA256() (string, error) }) (string, error) { return s.SHA256() })
}
