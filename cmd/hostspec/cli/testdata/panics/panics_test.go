package panics_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "panics") }

var _ = Describe("a container", func() {
	var names []string
	It(names[0], func() {})
})
