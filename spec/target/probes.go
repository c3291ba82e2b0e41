package target

import (
	"slices"
	"strings"
)

// OwnShell tells whether a process with these arguments is a shell that a Target
// has started to ask with. Such a one runs on the target, and has nothing to do
// with what the target is for.
func OwnShell(args []string) bool {
	// sudo and its like have the shell among their arguments.
	return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, environment+"h=") })
}
