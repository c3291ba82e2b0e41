//go:build race

package main_test

// buildFlags have the race detector look at hostspec itself, too.
var buildFlags = []string{"build", "-race"}
