package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveStderr succeeds when what the command prints to stderr contains the text,
// or matches the matcher.
//
//	Command("nginx -t").Should(HaveStderr("test is successful"))
//
// The subject needs the method
//
//	Stderr() (string, error)
func HaveStderr(want any) types.GomegaMatcher {
	return match.Text("HaveStderr", "have stderr", want, func(s interface{ Stderr() (string, error) }) (string, error) { return s.Stderr() })
}
