package matchers

import "github.com/hostspec/hostspec/matchers/match"

// BeInstalled succeeds when the subject is installed: a package, a service, a
// SELinux module. A package that was removed and left its configuration is not
// installed; one on hold is.
//
//	Package("nginx").Should(BeInstalled())
//	Package("nginx").Should(BeInstalled().WithVersion(">= 1.22, < 2"))
//
// The subject needs the method
//
//	Installed() (bool, error)
func BeInstalled() *match.Installed {
	return &match.Installed{Matcher: match.New("BeInstalled", "be installed")}
}
