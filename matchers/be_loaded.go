package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeLoaded succeeds when a module of the kernel is loaded.
//
//	KernelModule("br_netfilter").Should(BeLoaded())
//
// The subject needs the method
//
//	Loaded() (bool, error)
func BeLoaded() types.GomegaMatcher {
	return match.That("BeLoaded", "be loaded", func(s interface{ Loaded() (bool, error) }) (bool, error) { return s.Loaded() })
}
