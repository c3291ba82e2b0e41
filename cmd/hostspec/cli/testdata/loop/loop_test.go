package loop_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "the app") }

var _ = Describe("the app", func() {
	File("/etc/app.conf").Should(BeFile(), HaveContent("port = 8080"))
})

var _ = Describe("the system", Label("guard"), func() {
	User("root").Should(Exist())
})
