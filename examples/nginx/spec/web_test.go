// Package spec_test says what the shop's web server is to be. It does not say where
// that is, nor who made it so: the same lines hold for a machine, a container and an
// image. ../README.md tells how to aim them.
package spec_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestWeb(t *testing.T) { Run(t, "the shop's web server") }

// What lies on the disk can be told everywhere: of a machine, of an image, and also
// where there is no shell to ask.
var _ = Describe("what is installed", func() {
	Package("nginx").Should(BeInstalled().WithVersion(">= 1.18"))
	Package("apache2").ShouldNot(BeInstalled())

	User("publisher").Should(BeSystemUser(), HaveHomeDirectory("/srv/www"), HaveLoginShell("/usr/sbin/nologin"))
	User("publisher").ShouldNot(BelongToGroup("root"))
	Group("publisher").Should(Exist())

	File("/srv/www").Should(BeDirectory(), HaveMode(0o755), BeOwnedBy("publisher"))
	File("/srv/www/index.html").Should(HaveContent("Welcome to the shop"), HaveSize(BeNumerically("<", 10_000)))
	File("/srv/www/index.html").ShouldNot(BeWritable().By("others"))
})

// Where a site is to lie is Debian's custom. Elsewhere these are skipped, and say so.
var _ = OnlyOn("debian", func() {
	File("/etc/nginx/sites-available/shop.conf").Should(BeFile(), BeOwnedBy("root"), HaveContent("server_tokens off;"))
	File("/etc/nginx/sites-enabled/shop.conf").Should(BeLinkedTo("../sites-available/shop.conf"))
	File("/etc/nginx/sites-enabled/default").ShouldNot(Exist())
})

// What runs can be told where there is a shell to ask.
var _ = Describe("what runs", func() {
	Process("nginx").Should(HaveCount(BeNumerically(">=", 2)), HaveArguments("master process"))
	Port(80).Should(BeListening().WithProtocol("tcp").OnAddress("0.0.0.0"))
	Port(443).ShouldNot(BeListening())

	// A command runs once, and each matcher looks at that run.
	get("/health").Should(ExitWith(0), HaveStdout("200 OK"), HaveStdout("well"))
	get("/no-such-page").Should(HaveStdout("404 Not Found"))
	get("/").ShouldNot(HaveStdout("nginx/")) // its version is nobody's business
})

// A guard: in a container there is no systemd, and the engine looks after nginx.
// Without it these two would be "could not tell" there. BeforeAll is run once, where
// BeforeEach would be run for each of them.
var _ = Describe("the service", Ordered, func() {
	BeforeAll(func() {
		systemd, err := File("/run/systemd/system").Exists()
		Expect(err).NotTo(HaveOccurred())
		if !systemd {
			Skip("no systemd runs here")
		}
	})
	Service("nginx").Should(BeEnabled(), BeRunning())
})

// Steps that build on one another stand in an Ordered container: what is asked here
// is asked anew each time. They change the target, which the label says, so that a
// check of a server in use can leave them out.
var _ = Describe("publishing", Ordered, Label("changes"), func() {
	page := File("/srv/www/hostspec-probe.html")
	remove := Command("rm -f /srv/www/hostspec-probe.html")

	BeforeAll(func() {
		DeferCleanup(func() { Expect(remove).To(ExitWith(0)) })
		Expect(get("/hostspec-probe.html")).To(HaveStdout("404 Not Found"))
	})
	It("is done as the publisher", func() {
		Expect(Command("echo hello > /srv/www/hostspec-probe.html").AsUser("publisher")).To(ExitWith(0))
		Expect(page).To(BeOwnedBy("publisher"))
	})
	It("shows at once", func() {
		Eventually(get("/hostspec-probe.html")).Should(HaveStdout("hello"))
	})
	It("is undone at once", func() {
		Expect(remove).To(ExitWith(0))
		Eventually(get("/hostspec-probe.html")).Should(HaveStdout("404 Not Found"))
	})
})
