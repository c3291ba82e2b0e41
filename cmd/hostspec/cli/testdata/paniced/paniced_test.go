package paniced_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "paniced") }

//go:noinline
func deep(names []string) string {
	return names[0]
}

var _ = It("panics", func() {
	_ = deep(nil)
})
