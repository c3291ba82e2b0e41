package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveProperty succeeds when a property of the subject equals a string, or
// satisfies a matcher. A subject that does not exist, and a property that is not
// known, is an error.
//
//	Service("nginx").Should(HaveProperty("Restart", "on-failure"))
//	Service("nginx").Should(HaveProperty("ExecStart", ContainSubstring("/usr/sbin/nginx")))
//
// The subject needs the method
//
//	Property(key string) (string, error)
func HaveProperty(key string, want any) types.GomegaMatcher {
	return match.Value("HaveProperty", "have property "+key, want, func(s interface {
		Property(key string) (string, error)
	}) (string, error) {
		return s.Property(key)
	})
}
