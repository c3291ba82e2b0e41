package scenarios_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// It is true of a Debian in a container; what of it can be told is another matter.
var _ = scenario("container", func() {
	Package("bash").Should(BeInstalled())
	Package("telnetd").ShouldNot(BeInstalled())
	User("root").Should(Exist(), HaveUID(0))
	File("/etc/passwd").Should(BeFile(), BeOwnedBy("root"))
	OnlyOn("debian >= 12", func() { File("/etc/os-release").Should(HaveContent("Debian")) })
	OnlyOn("alpine, rhel", func() { Package("never-asked").Should(BeInstalled()) })
	Describe("what runs", func() {
		Port(81).ShouldNot(BeListening())
		UnixSocket("/run/no.sock").ShouldNot(BeListening())
		Process("no-such-process").ShouldNot(BeRunning())
		Command("exit 3").Should(ExitWith(3))
		It("is asked in author code", func() { Expect(Process("no-such-process").Count()).To(Equal(0)) })
		File("/etc/passwd").Should(BeReadable().ByUser("nobody"))
		Package("bash").AsUser("nobody").Should(BeInstalled())
	})
	Service("cron").ShouldNot(BeRunning())
})
