//go:build !race

package hostspectest

var buildFlags = []string{"build"}
