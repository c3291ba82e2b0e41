package vacuous_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "vacuous") }

var _ = Describe("the system", func() {
	File("/etc/app.conf").Should(BeFile())
	User("root").Should(Exist())
})
