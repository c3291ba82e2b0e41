//go:build race

package hostspectest

// buildFlags have the race detector look at hostspec itself, too.
var buildFlags = []string{"build", "-race"}
