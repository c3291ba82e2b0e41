package focus_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "focus") }

var _ = Describe("this machine", func() {
	FIt("is looked at alone", func() {})
	It("is forgotten", func() {})
})
