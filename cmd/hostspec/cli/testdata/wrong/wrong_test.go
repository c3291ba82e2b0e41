package wrong_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "wrong") }

var _ = Describe("this machine", Ordered, ContinueOnFailure, func() {
	Command("exit 3").Should(ExitWith(0))

	It("writes down what it does", func() {
		GinkgoWriter.Println("about to fail")
		Expect(1).To(Equal(2))
	})
	It("is skipped", func() { Skip("not on Sundays") })
	PIt("is not written yet", func() {})
	It("holds", func() {})
})
