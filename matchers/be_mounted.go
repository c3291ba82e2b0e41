package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeMounted succeeds when a file system is mounted at the path.
//
//	File("/srv").Should(BeMounted())
//
// The subject needs the method
//
//	Mounted() (bool, error)
func BeMounted() types.GomegaMatcher {
	return match.That("BeMounted", "be mounted", func(s interface{ Mounted() (bool, error) }) (bool, error) { return s.Mounted() })
}
