package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveStdout succeeds when what the command prints contains the text, or matches
// the matcher.
//
//	Command("nginx -v 2>&1").Should(HaveStdout("nginx/1.22"))
//	Command("id -un").Should(HaveStdout(Equal("root\n")))
//
// The subject needs the method
//
//	Stdout() (string, error)
func HaveStdout(want any) types.GomegaMatcher {
	return match.Text("HaveStdout", "have stdout", want, func(s interface{ Stdout() (string, error) }) (string, error) { return s.Stdout() })
}
