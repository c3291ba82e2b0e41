package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeRunning succeeds when the subject runs: a service is active, a process of
// that name lives. What does not exist does not run; a service that is just
// starting or that has failed does not run, and neither does a zombie.
//
//	Service("nginx").Should(BeRunning())
//	Process("nginx").Should(BeRunning())
//
// The subject needs the method
//
//	Running() (bool, error)
func BeRunning() types.GomegaMatcher {
	return match.That("BeRunning", "be running", func(s interface{ Running() (bool, error) }) (bool, error) { return s.Running() })
}
