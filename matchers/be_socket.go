package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeSocket succeeds when the subject is a unix socket, or a link to one. Whether
// somebody listens on it is another question.
//
//	File("/run/app.sock").Should(BeSocket())
//
// The subject needs the method
//
//	IsSocket() (bool, error)
func BeSocket() types.GomegaMatcher {
	return match.That("BeSocket", "be a socket", func(s interface{ IsSocket() (bool, error) }) (bool, error) { return s.IsSocket() })
}
