package two_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "two") }

var _ = Describe("a container", func() {
	File("/tmp/one").Should(HaveContent("here"))
})
