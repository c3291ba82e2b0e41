package matchers_test

import (
	"fmt"

	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// A machine that answers every command with the same words.
func answering(stdout string) *resourcetest.Target {
	return resourcetest.New(resourcetest.Machine{Answer: func(string) resourcetest.Answer {
		return resourcetest.Answer{Stdout: stdout}
	}})
}

// A daemon is a subject of somebody's own. A matcher asks any subject that has its method.
type daemon struct{}

func (daemon) Running() (bool, error) { return true, nil }
func (daemon) String() string         { return "the daemon" }

func ExampleBeRunning() {
	fmt.Println(resourcetest.Failure(daemon{}, BeRunning(), false) == "")
	fmt.Println(resourcetest.Failure(daemon{}, BeRunning(), true))
	fmt.Println(resourcetest.Failure(daemon{}, BeEnabled(), false))
	// Output:
	// true
	// the daemon should not be running
	// error: BeEnabled needs a subject with the method Enabled() (bool, error), and the daemon (matchers_test.daemon) has none
}

func ExampleHaveStdout() {
	target := answering("nginx version: nginx/1.22.1\n")
	defer target.Close()
	version := resource.NewCommand(target, "nginx -v 2>&1")
	fmt.Println(resourcetest.Failure(version, HaveStdout("nginx/1.22"), false) == "")
	fmt.Println(resourcetest.Failure(version, HaveStdout(MatchRegexp(`1\.(2[4-9]|[3-9])`)), false) == "")
	// Output:
	// true
	// false
}

func ExampleExitWith() {
	target := answering("")
	defer target.Close()
	fmt.Println(resource.NewCommand(target, "true").Should(ExitWith(0)))
	// Output:
	// true
}
