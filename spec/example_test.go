package spec_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec"
)

// A file of specs: one test function that calls Run, and what is to be true.
func Example() {
	_ = func(t *testing.T) { spec.Run(t, "web server") } // func TestWeb(t *testing.T)

	_ = Describe("nginx", func() {
		spec.Package("nginx").Should(BeInstalled().WithVersion(">= 1.22"))
		spec.Service("nginx").Should(BeEnabled(), BeRunning())
		spec.Port(80).Should(BeListening().WithProtocol("tcp"))
		spec.OnlyOn("debian", func() {
			spec.File("/etc/nginx/sites-enabled").Should(BeDirectory())
		})
		It("answers", func() {
			Expect(spec.Command("curl -sf http://localhost/").Stdout()).To(ContainSubstring("welcome"))
		})
	})
}

// Resources work in plain code, too: each method asks the target, and returns an error
// where it could not be told.
func ExampleFile() {
	directory, err := spec.File("/").IsDirectory()
	fmt.Println(directory, err)
	exists, err := spec.File("/no/such/file").Exists()
	fmt.Println(exists, err)
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCommand() {
	out, err := spec.Command("tr a-z A-Z").WithStdin("hello").Stdout()
	fmt.Println(out, err)
	code, err := spec.Command("exit 3").ExitCode()
	fmt.Println(code, err)
	// Output:
	// HELLO <nil>
	// 3 <nil>
}

func ExampleSecret() {
	token := spec.Secret("s3cr3t-t0ken")
	fmt.Println(spec.Command("deploy --token " + token))
	// Output:
	// Command "deploy --token ***"
}
