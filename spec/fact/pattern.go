package fact

import (
	"regexp"
	"sync"
)

// pattern returns a function that compiles a regular expression at its first call.
// A test binary holds all parsers and uses a few of them, and what is compiled while
// a package is initialised is paid at every start.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
