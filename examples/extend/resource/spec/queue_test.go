package spec_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "example.com/queue"
	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "queues") }

var _ = Describe("the queues", func() {
	Queue("/etc/cron.d").Should(Exist(), HaveDepth(BeNumerically("<", 100)))
	Queue("/var/spool/no-such-queue").ShouldNot(Exist())
})
