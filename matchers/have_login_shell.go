package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveLoginShell succeeds when the user's login shell is this path, exactly as it is
// written in passwd(5), or satisfies a matcher.
//
//	User("deploy").Should(HaveLoginShell("/bin/bash"))
//	User("www-data").Should(HaveLoginShell(HaveSuffix("nologin")))
//
// The subject needs the method
//
//	Shell() (string, error)
func HaveLoginShell(shell any) types.GomegaMatcher {
	return match.Value("HaveLoginShell", "have login shell", shell, func(s interface{ Shell() (string, error) }) (string, error) { return s.Shell() })
}
