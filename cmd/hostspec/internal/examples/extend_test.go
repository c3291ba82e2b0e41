package examples

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// TestExtend runs every command of the tutorials for people with a resource, a backend or
// a report format of their own.
func TestExtend(t *testing.T) {
	for name, steps := range map[string]int{"resource": 2, "backend": 4, "format": 2} {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.Abs(top + "/examples/extend/" + name)
			if err != nil {
				t.Fatal(err)
			}
			path := "PATH=" + filepath.Dir(hostspectest.Binary) + ":" + os.Getenv("PATH")
			runSteps(t, dir, "README.md", steps, append(os.Environ(), path))
		})
	}
}
