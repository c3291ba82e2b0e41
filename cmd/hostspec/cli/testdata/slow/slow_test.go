// Package slow_test waits to be interrupted.
package slow_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "slow") }

var _ = Describe("in order", Ordered, func() {
	It("holds", func() {})
	It("waits", func(ctx SpecContext) {
		// The test that started this wants to know that it has come so far.
		if f := os.Getenv("SLOW_STARTED"); f != "" {
			write(f, strconv.Itoa(os.Getpid()))
		}
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
		if f := os.Getenv("SLOW_STUBBORN"); f != "" {
			write(f, "told to end")
			time.Sleep(patience)
		}
	})
	It("never runs", func() {})
})

// patience is more than any test needs, and not for ever: nothing is left behind
// where the one who should have ended us is broken.
const patience = 3 * time.Minute

// write makes a file that is whole as soon as it is there.
func write(name, text string) {
	os.WriteFile(name+".part", []byte(text), 0o666)
	os.Rename(name+".part", name)
}
