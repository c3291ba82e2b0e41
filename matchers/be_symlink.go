package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeSymlink succeeds when the subject is itself a symbolic link, also one to
// nowhere.
//
//	File("/etc/nginx/sites-enabled/default").Should(BeSymlink())
//
// The subject needs the method
//
//	IsSymlink() (bool, error)
func BeSymlink() types.GomegaMatcher {
	return match.That("BeSymlink", "be a symlink", func(s interface{ IsSymlink() (bool, error) }) (bool, error) { return s.IsSymlink() })
}
