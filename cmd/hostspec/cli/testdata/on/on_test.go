package on_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "on") }

var _ = Command("true").Should(ExitWith(0))

var _ = On("ssh://nobody@127.0.0.1:1", func() {
	Command("true").Should(ExitWith(0))
	It("holds", func() { Expect(Command("true").Stdout()).To(BeEmpty()) })
})
