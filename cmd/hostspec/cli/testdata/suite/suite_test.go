package suite_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "suite") }

var _ = BeforeSuite(func() { Fail("cannot prepare") })

var _ = It("holds", func() {})
