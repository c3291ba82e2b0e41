package untold_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "untold") }

var _ = Describe("this machine", func() {
	Command("sleep 60").Should(ExitWith(0), HaveStdout("x"))

	It("holds", func() { Expect(1).To(Equal(1)) })
})
