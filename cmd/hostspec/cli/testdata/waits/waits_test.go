package waits_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "waits") }

var _ = Describe("the system", func() {
	Command(os.Getenv("WAIT_SCRIPT")).WithTimeout(10 * time.Minute).Should(ExitWith(0))
})
