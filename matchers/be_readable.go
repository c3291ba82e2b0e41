package matchers

import "github.com/hostspec/hostspec/matchers/match"

type (
	readable   interface{ Readable() (bool, error) }
	readableBy interface {
		ReadableBy(class string) (bool, error)
	}
	readableByUser interface {
		ReadableByUser(name string) (bool, error)
	}
)

// BeReadable succeeds when the mode of the file lets anybody do so: one of the three
// bits is set. By and ByUser ask for somebody.
//
//	File("/etc/app/key.pem").Should(BeReadable())
//	File("/etc/app/key.pem").Should(BeReadable().By("owner"))
//	File("/etc/app/key.pem").Should(BeReadable().ByUser("app"))
//
// The subject needs the method
//
//	Readable() (bool, error)
func BeReadable() *match.Access {
	return match.NewAccess("BeReadable", "readable", readable.Readable, readableBy.ReadableBy, readableByUser.ReadableByUser)
}
