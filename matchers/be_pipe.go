package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BePipe succeeds when the subject is a named pipe, or a link to one.
//
//	File("/run/initctl").Should(BePipe())
//
// The subject needs the method
//
//	IsPipe() (bool, error)
func BePipe() types.GomegaMatcher {
	return match.That("BePipe", "be a pipe", func(s interface{ IsPipe() (bool, error) }) (bool, error) { return s.IsPipe() })
}
