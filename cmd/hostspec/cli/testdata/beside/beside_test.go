package beside_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func TestSpecs(t *testing.T) { Run(t, "beside") }

func TestOther(t *testing.T) { t.Error("the other test is not well") }

var _ = It("holds", func() {})
