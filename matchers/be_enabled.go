package matchers

import "github.com/hostspec/hostspec/matchers/match"

// BeEnabled succeeds when the subject is started at boot by its own enablement:
// systemctl is-enabled says enabled or enabled-runtime, a script of /etc/init.d has
// its links, OpenRC has it in a runlevel of the boot, it stands in the directory that
// runit or s6 watches. A static unit, which starts only when something else wants it,
// is not enabled, and neither is one that does not exist.
//
//	Service("nginx").Should(BeEnabled())
//
// The subject needs the method
//
//	Enabled() (bool, error)
func BeEnabled() *match.Enabled {
	return &match.Enabled{Matcher: match.New("BeEnabled", "be enabled")}
}
