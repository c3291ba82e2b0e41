package matchers

import "github.com/hostspec/hostspec/matchers/match"

type (
	writable   interface{ Writable() (bool, error) }
	writableBy interface {
		WritableBy(class string) (bool, error)
	}
	writableByUser interface {
		WritableByUser(name string) (bool, error)
	}
)

// BeWritable succeeds when the mode of the file lets anybody do so: one of the three
// bits is set. By and ByUser ask for somebody.
//
//	File("/var/lib/app").Should(BeWritable())
//	File("/var/lib/app").Should(BeWritable().By("owner"))
//	File("/var/lib/app").Should(BeWritable().ByUser("app"))
//
// The subject needs the method
//
//	Writable() (bool, error)
func BeWritable() *match.Access {
	return match.NewAccess("BeWritable", "writable", writable.Writable, writableBy.WritableBy, writableByUser.WritableByUser)
}
