package scenarios_test

import (
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// A matcher of numbers cannot say anything of a version, which is a text.
var _ = scenario("unfit", func() {
	Package("bash").Should(HaveVersion(BeNumerically(">", 1)))
	Package("bash").ShouldNot(HaveVersion(BeNumerically(">", 1)))
})
