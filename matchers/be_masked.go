package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeMasked succeeds when the subject, a unit of systemd, is masked: it can be
// started by nothing. A unit that does not exist is not masked. It is an error of
// what another init system runs, since only systemd masks.
//
//	Service("telnetd").Should(BeMasked())
//
// The subject needs the method
//
//	Masked() (bool, error)
func BeMasked() types.GomegaMatcher {
	return match.That("BeMasked", "be masked", func(s interface{ Masked() (bool, error) }) (bool, error) { return s.Masked() })
}
