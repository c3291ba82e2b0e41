package paniced_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "paniced") }

var _ = It("panics", func() {
	var names []string
	_ = names[0]
})
