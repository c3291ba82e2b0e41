package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveSELinuxLabel succeeds when the file's security context is this one, with its
// user, role, type and level, or satisfies a matcher. Where there is no SELinux it
// cannot be told.
//
//	File("/var/www").Should(HaveSELinuxLabel("system_u:object_r:httpd_sys_content_t:s0"))
//	File("/var/www").Should(HaveSELinuxLabel(ContainSubstring(":httpd_sys_content_t:")))
//
// The subject needs the method
//
//	SELinuxLabel() (string, error)
func HaveSELinuxLabel(label any) types.GomegaMatcher {
	return match.Value("HaveSELinuxLabel", "have SELinux label", label, func(s interface{ SELinuxLabel() (string, error) }) (string, error) { return s.SELinuxLabel() })
}
