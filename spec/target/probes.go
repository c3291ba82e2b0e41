package target

import (
	"path"
	"strings"
)

// OwnShell tells whether a process with these arguments is a shell that a Target
// has started to ask with. Such a one runs on the target, and has nothing to do
// with what the target is for.
func OwnShell(args []string) bool {
	return len(args) == 3 && path.Base(args[0]) == "sh" && args[1] == "-c" && strings.HasPrefix(args[2], environment+"h=")
}
