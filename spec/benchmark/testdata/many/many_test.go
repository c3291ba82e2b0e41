package many_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestMany(t *testing.T) { Run(t, "ten thousand") }

var _ = Describe("a machine", func() {
	for i := range 5000 {
		File(fmt.Sprintf("/etc/absent-%d", i)).ShouldNot(Exist())
		Package(fmt.Sprintf("absent-%d", i)).ShouldNot(BeInstalled())
	}
})
