// Package web_test says what the web server is to be, whichever tool makes it so.
package web_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestWeb(t *testing.T) { Run(t, "web server") }

var _ = Describe("the web server", func() {
	Package("nginx-light").Should(BeInstalled())
	Service("nginx").Should(BeEnabled(), BeRunning())
	Port(8080).Should(BeListening().WithProtocol("tcp").OnAddress("0.0.0.0"))

	Describe("its account", func() {
		Group("web").Should(Exist(), HaveGID(7080))
		User("web").Should(Exist(), HaveUID(7080), BelongToPrimaryGroup("web"))
		User("web").Should(HaveHomeDirectory("/srv/web"), HaveLoginShell("/usr/sbin/nologin"))
	})

	Describe("its site", func() {
		File("/etc/nginx/sites-available/web").Should(BeFile(), HaveMode(0o644), BeOwnedBy("root"))
		File("/etc/nginx/sites-available/web").Should(HaveContent("listen 8080;"))
		File("/etc/nginx/sites-enabled/web").Should(BeLinkedTo("/etc/nginx/sites-available/web"))
		File("/srv/web").Should(BeDirectory(), BeOwnedBy("web"))
		File("/srv/web/index.html").Should(HaveContent("hello from the web server"), BeOwnedBy("web"))
	})

	File("/etc/cron.d/web").Should(HaveMode(0o644), HaveContent("17 3 * * * web touch /srv/web/nightly"))

	// It holds before and after, and is to stay so.
	Describe("what must never be there", Label("guard"), func() {
		Package("telnetd").ShouldNot(BeInstalled())
	})
})
