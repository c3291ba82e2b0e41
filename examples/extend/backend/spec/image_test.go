package spec_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	_ "example.com/chroot"
	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "image") }

var _ = Describe("the image", func() {
	File("/etc/passwd").Should(BeFile(), BeOwnedBy("root"), HaveMode(0o644))
	User("root").Should(HaveUID(0))
	File("/srv/nothing-is-here").ShouldNot(Exist())
	Command("pwd").Should(HaveStdout("/\n"))
})
