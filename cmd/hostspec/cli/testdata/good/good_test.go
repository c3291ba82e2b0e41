package good_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "good") }

var _ = Describe("this machine", func() {
	Command("echo hello").Should(ExitWith(0), HaveStdout("hello\n"))

	It("counts", Label("smoke"), func() {
		Expect(Command("expr 1 + 1").Stdout()).To(Equal("2\n"))
	})
})
