// Package stays_test asks its target, and then waits to be interrupted or panics.
package stays_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "stays") }

var _ = Describe("in order", Ordered, func() {
	Command("true").Should(ExitWith(0))
	It("ends", func(ctx SpecContext) {
		switch os.Getenv("STAYS_PANICS") {
		case "in the spec":
			panic("in the spec")
		case "beside it":
			go panic("beside it")
		}
		if f := os.Getenv("STAYS_STARTED"); f != "" {
			os.WriteFile(f, nil, 0o666)
		}
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Minute): // where whoever should end us is broken
		}
	})
})
