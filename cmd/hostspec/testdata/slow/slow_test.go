// Package slow_test waits to be interrupted.
package slow_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "slow") }

var _ = Describe("in order", Ordered, func() {
	It("holds", func() {})
	It("waits", func(ctx SpecContext) {
		// The test that started this wants to know that it has come so far.
		if f := os.Getenv("SLOW_STARTED"); f != "" {
			os.WriteFile(f, nil, 0o666)
		}
		if os.Getenv("SLOW_STUBBORN") != "" {
			select {}
		}
		<-ctx.Done()
	})
	It("never runs", func() {})
})
