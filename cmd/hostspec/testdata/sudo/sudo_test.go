package sudo_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "sudo") }

var _ = On("ssh://web1?sudo=true", func() {
	It("holds", func() { Expect(Command("true").Stdout()).To(BeEmpty()) })
	Command("true").Should(ExitWith(0))
})
