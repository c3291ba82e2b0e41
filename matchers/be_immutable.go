package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeImmutable succeeds when the file has the attribute i of chattr(1): nobody can
// change, rename, link or remove it. Where the file system has no attributes, or
// lsattr is missing, it cannot be told.
//
//	File("/etc/resolv.conf").Should(BeImmutable())
//
// The subject needs the method
//
//	Immutable() (bool, error)
func BeImmutable() types.GomegaMatcher {
	return match.That("BeImmutable", "be immutable", func(s interface{ Immutable() (bool, error) }) (bool, error) { return s.Immutable() })
}
