package matchers

import "github.com/hostspec/hostspec/matchers/match"

type (
	executable   interface{ Executable() (bool, error) }
	executableBy interface {
		ExecutableBy(class string) (bool, error)
	}
	executableByUser interface {
		ExecutableByUser(name string) (bool, error)
	}
)

// BeExecutable succeeds when the mode of the file lets anybody do so: one of the three
// bits is set. By and ByUser ask for somebody.
//
//	File("/usr/local/bin/app").Should(BeExecutable())
//	File("/usr/local/bin/app").Should(BeExecutable().By("owner"))
//	File("/usr/local/bin/app").Should(BeExecutable().ByUser("app"))
//
// The subject needs the method
//
//	Executable() (bool, error)
func BeExecutable() *match.Access {
	return match.NewAccess("BeExecutable", "executable", executable.Executable, executableBy.ExecutableBy, executableByUser.ExecutableByUser)
}
