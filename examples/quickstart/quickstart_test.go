// Package quickstart_test is a first look at infrastructure specs. They speak of
// the machine you sit at, and are true of any Debian-like machine or container.
//
//	hostspec run ./examples/quickstart/...
//	go test ./examples/quickstart/...
//
// Aim them at another machine without touching a line:
//
//	hostspec run --target ssh://you@web1 ./examples/quickstart/...
package quickstart_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// A package of specs has one test function. It runs them all.
func TestQuickstart(t *testing.T) { Run(t, "quickstart") }

// A spec can be a single line: a resource, and what should be true of it. Each
// matcher becomes a spec of its own, and all questions travel to the machine
// together.
var _ = Describe("the system", func() {
	File("/etc/passwd").Should(BeFile(), HaveMode(0o644), BeOwnedBy("root"))
	File("/tmp").Should(BeDirectory(), HaveMode(0o1777))
	File("/etc/shadow").ShouldNot(BeReadable().By("others"))

	User("root").Should(Exist(), HaveUID(0), HaveHomeDirectory("/root"))
	User("intruder").ShouldNot(Exist())
	Group("root").Should(HaveGID(0))
})

// Some things are true on some systems only. On others these specs are skipped,
// and say so.
var _ = OnlyOn("debian", func() {
	Package("dpkg").Should(BeInstalled().WithVersion(">= 1.18"))
	Package("telnetd").ShouldNot(BeInstalled())
})

// A command is run once, and every matcher looks at that run.
var _ = Describe("the shell", func() {
	Command("echo ready; exit 3").Should(ExitWith(3), HaveStdout("ready"))
})

// What needs more than a line is an ordinary spec of Ginkgo and Gomega, in which
// every question is asked anew.
var _ = Describe("a change", func() {
	It("is seen at once", func() {
		note := Command("mktemp").ReadOnly()
		path, err := note.Stdout()
		Expect(err).NotTo(HaveOccurred())
		path = path[:len(path)-1]
		DeferCleanup(func() { Expect(Command("rm -f " + path)).To(ExitWith(0)) })

		Expect(File(path)).To(HaveSize(0))
		Expect(Command("echo hello > " + path)).To(ExitWith(0))
		Eventually(File(path)).Should(HaveContent("hello"))
		Expect(File(path).Lines()).To(Equal([]string{"hello"}))
	})

	It("tells properties, not just yes or no", func() {
		Expect(User("root").Groups()).To(ContainElement("root"))
		Expect(File("/etc/passwd").Size()).To(BeNumerically(">", 0))
	})
})
