package spec_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestFirst(t *testing.T) { Run(t, "first") }

var _ = Package("bash").Should(BeInstalled())

var _ = Describe("packages", func() {
	Package("coreutils").Should(BeInstalled())
	Package("nosuchpackage").Should(BeInstalled())
	Package("dash").ShouldNot(BeInstalled())
	It("works", func() {
		Expect(Command("echo hi").Stdout()).To(Equal("hi\n"))
		Package("nosuch").Should(BeInstalled())
	})
	Command("echo one; exit 3").Should(ExitWith(3), HaveStdout("two"))
})
