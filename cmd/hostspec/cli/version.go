package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand is `hostspec version`.
type versionCommand struct{}

// Run prints the version of hostspec, where it was built from, and of Go.
func (versionCommand) Run(c *console) error {
	b := readBuild()
	text := "hostspec " + b.version
	if b.revision != "" {
		text += " (" + b.revision + ")"
	}
	_, err := fmt.Fprintf(c.stdout, "%s %s %s/%s\n", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// modulePath is the module that this program and the specs' libraries are of.
const modulePath = "github.com/hostspec/hostspec"

// A build is where this program comes from.
type build struct {
	version string
	// released says that it was built from a published version of the module,
	// which others can fetch too.
	released bool
	revision string
}

// readBuild reads what the Go command wrote into this program. Only a module
// that came through the module cache has a sum; a build of a checkout may bear a
// version that looks published and is not.
func readBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{version: "(devel)"}
	}
	main := info.Main
	// Run by another module's `go tool`, this program is a dependency there.
	if main.Path != modulePath {
		for _, dep := range info.Deps {
			if dep.Path == modulePath {
				main = *dep
			}
		}
	}
	b := build{version: main.Version, released: main.Sum != "" && main.Replace == nil}
	if b.version == "" || main.Replace != nil {
		b.version = "(devel)"
	}
	var dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = ", modified"
			}
		}
	}
	if b.revision != "" {
		b.revision += dirty
	}
	return b
}
