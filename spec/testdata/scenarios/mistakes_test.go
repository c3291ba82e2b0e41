package scenarios_test

import (
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// mistakes are one-liners that make no sense on any target.
var mistakes = map[string]func(){
	"port":           func() { Port(70000).Should(BeListening()) },
	"port zero":      func() { Port(0).ShouldNot(BeListening()) },
	"path":           func() { File("etc/passwd").Should(Exist()) },
	"path mounted":   func() { File("mnt").ShouldNot(BeMounted()) },
	"path empty":     func() { File("").ShouldNot(HaveMode(0o644)) },
	"socket":         func() { UnixSocket("run/x.sock").ShouldNot(BeListening()) },
	"protocol":       func() { Port(80).Should(BeListening().WithProtocol("tpc")) },
	"address":        func() { Port(80).ShouldNot(BeListening().OnAddress("10.0.0.300")) },
	"process":        func() { Port(80).ShouldNot(BeListening().ByProcess("")) },
	"version":        func() { Package("no-such-package").ShouldNot(BeInstalled().WithVersion(">>>= garbage")) },
	"have version":   func() { Package("bash").ShouldNot(HaveVersion("~> ")) },
	"mode":           func() { File("/etc").ShouldNot(HaveMode(0o100644)) },
	"package":        func() { Package("").ShouldNot(BeInstalled()) },
	"provider":       func() { Package("x").By("ppi").ShouldNot(BeInstalled()) },
	"init":           func() { Service("x").Under("sytemd").ShouldNot(BeRunning()) },
	"service":        func() { Service("").ShouldNot(BeRunning()) },
	"level":          func() { Service("x").ShouldNot(BeEnabled().WithLevel(9)) },
	"monitor":        func() { Service("x").ShouldNot(BeMonitoredBy("nagios")) },
	"user":           func() { User("").ShouldNot(Exist()) },
	"group":          func() { Group("a:b").ShouldNot(Exist()) },
	"member":         func() { Group("root").ShouldNot(HaveMember("")) },
	"process name":   func() { Process("/usr/sbin/nginx").ShouldNot(BeRunning()) },
	"checksum":       func() { File("/etc/passwd").ShouldNot(HaveSHA256("abc")) },
	"md5":            func() { File("/etc/passwd").ShouldNot(HaveMD5("g" + "0123456789012345678901234567890")) },
	"class":          func() { File("/etc/passwd").ShouldNot(BeReadable().By("root")) },
	"by user":        func() { File("/etc/passwd").ShouldNot(BeReadable().ByUser("")) },
	"owner":          func() { File("/etc/passwd").ShouldNot(BeOwnedBy("")) },
	"size":           func() { File("/etc/passwd").ShouldNot(HaveSize("12")) },
	"content":        func() { File("/etc/passwd").Should(HaveContent("")) },
	"expression":     func() { File("/etc/passwd").ShouldNot(HaveContent(MatchRegexp("["))) },
	"command":        func() { Command(" ").ShouldNot(ExitWith(0)) },
	"command NUL":    func() { Command("echo \x00").ShouldNot(ExitWith(0)) },
	"variable":       func() { Command("true").WithEnv("1A", "x").ShouldNot(ExitWith(1)) },
	"exit code":      func() { Command("true").ShouldNot(ExitWith(256)) },
	"as user":        func() { Package("bash").AsUser("").ShouldNot(BeInstalled()) },
	"timeout":        func() { Package("bash").WithTimeout(-time.Second).ShouldNot(BeInstalled()) },
	"wrong subject":  func() { File("/etc/passwd").ShouldNot(BeInstalled()) },
	"no matcher":     func() { File("/etc/passwd").Should() },
	"no matcher not": func() { Command("true").ShouldNot() },
	"within Not":     func() { Port(70000).Should(Not(BeListening())) },
	"within And":     func() { Port(80).Should(And(BeListening(), BeListening().WithProtocol("tpc"))) },
	"second matcher": func() { File("/etc/passwd").Should(Exist(), HaveMode(-1)) },
	"within OnlyOn":  func() { OnlyOn("alpine, debian", func() { Port(70000).Should(BeListening()) }) },
}

// The specs around a mistake would hold.
var _ = scenario("mistake", func() {
	Command("touch " + os.Getenv("COUNTER")).Should(ExitWith(0))
	Describe("wrong", mistakes[os.Getenv("MISTAKE")])
})

var _ = scenario("mistakes-within", func() {
	It("is wrong", func() { Expect(Port(70000)).To(BeListening()) })
	It("is wrong in a chain", func() { Expect(Port(80)).NotTo(BeListening().WithProtocol("tpc")) })
	It("has a wrong property", func() {
		_, err := File("etc/passwd").Content()
		Expect(err).NotTo(HaveOccurred())
	})
	It("has no matcher", func() { File("/etc/passwd").Should() })
	It("holds", func() { Expect(File("/etc/passwd")).To(Exist()) })
})
