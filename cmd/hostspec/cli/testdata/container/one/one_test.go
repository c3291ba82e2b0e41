package one_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "one") }

var _ = Describe("a container", func() {
	Command("echo here >/tmp/one").Should(ExitWith(0))
})
