package data_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "data") }

// It asks nothing of a target, so that it runs where there is no shell.
var _ = It("reads what lies beside it", func() {
	Expect(os.ReadFile("testdata/sub/wanted.txt")).To(BeEquivalentTo("wanted\n"))
})
