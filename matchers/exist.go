package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// Exist succeeds when there is such a thing: a file of any kind, a user, a group.
// Of a file links are followed, so a link to nowhere does not exist.
//
//	File("/etc/nginx/nginx.conf").Should(Exist())
//	User("guest").ShouldNot(Exist())
//
// The subject needs the method
//
//	Exists() (bool, error)
func Exist() types.GomegaMatcher {
	return match.That("Exist", "exist", func(s interface{ Exists() (bool, error) }) (bool, error) { return s.Exists() })
}
