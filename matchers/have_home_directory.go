package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// HaveHomeDirectory succeeds when the user's home directory is this path, exactly as
// it is written in passwd(5), or satisfies a matcher. Whether it is there is a
// question of File.
//
//	User("deploy").Should(HaveHomeDirectory("/home/deploy"))
//
// The subject needs the method
//
//	Home() (string, error)
func HaveHomeDirectory(home any) types.GomegaMatcher {
	return match.Value("HaveHomeDirectory", "have home directory", home, func(s interface{ Home() (string, error) }) (string, error) { return s.Home() })
}
