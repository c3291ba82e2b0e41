package crash_test

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "crash") }

var _ = Describe("in order", Ordered, func() {
	It("holds", func() {})
	It("ends the process", func() {
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(3)
	})
	It("never runs", func() {})
})
