package nothing_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "nothing") }

var _ = Describe("this machine", func() {
	PIt("is not written yet", func() {})
	It("is skipped", func() { Skip("not on Sundays") })
})
