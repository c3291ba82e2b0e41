package spec_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "accounts") }

var _ = Describe("the accounts", func() {
	File("/etc/passwd").Should(BeFile(), BeExecutable())
	OnlyOn("alpine", func() { User("guest").Should(Exist()) })
})
