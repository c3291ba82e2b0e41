// Package scenarios_test holds suites that package spec's own tests run as
// processes of their own, one at a time: the variable SCENARIO chooses.
package scenarios_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// scenario declares specs when it was chosen.
func scenario(name string, body func()) bool {
	if os.Getenv("SCENARIO") == name {
		return Describe(name, body)
	}
	return false
}

func chosen(name string) bool { return os.Getenv("SCENARIO") == name }

func TestScenario(t *testing.T) {
	if chosen("outside") {
		Package("bash").Should(BeInstalled())
	}
	if chosen("none") {
		return
	}
	Run(t, "scenario", Label("suite-label"))
}

var _ = chosen("toplevel") && Package("bash").Should(BeInstalled())

var _ = chosen("toplevel") && Command("echo top").Should(ExitWith(0), HaveStdout("top"))

var _ = scenario("passes", func() {
	Package("bash").Should(BeInstalled())
	Package("no-such-package").ShouldNot(BeInstalled())
	Command("exit 3").Should(ExitWith(3))
	It("is asked in author code", func() {
		Expect(Package("bash").Installed()).To(BeTrue())
		Package("bash").Should(BeInstalled())
	})
})

var _ = scenario("fails", func() {
	Package("no-such-package").Should(BeInstalled())
	Package("bash").ShouldNot(BeInstalled())
	It("fails in author code", func() {
		Package("no-such-package").Should(BeInstalled())
	})
	It("waits in vain", func() {
		Eventually(Package("no-such-package"), "300ms", "50ms").Should(BeInstalled())
	})
})

var _ = scenario("command", func() {
	counter := os.Getenv("COUNTER")
	Command("echo run >> "+counter+"; cat "+counter).Should(ExitWith(0), HaveStdout("run"), HaveStdout("wrong"), HaveStderr("absent"))
	It("shares a value's run within a spec", func() {
		c := Command("echo run >> " + counter + "; echo out; exit 4")
		Expect(c.Stdout()).To(Equal("out\n"))
		Expect(c.ExitCode()).To(Equal(4))
		Expect(c).To(ExitWith(4))
		Expect(c).To(HaveStdout("out"))
	})
	It("runs again for Eventually", func() {
		c := Command("echo run >> " + counter + "; wc -l < " + counter)
		Eventually(c, "5s", "10ms").Should(HaveStdout("5"))
	})
})

var _ = scenario("command-filtered", func() {
	Command("echo run >> " + os.Getenv("COUNTER")).Should(ExitWith(0))
	Package("bash").Should(BeInstalled())
})

var packages = []string{"bash", "coreutils", "dash", "dpkg", "grep", "gzip", "sed", "tar", "login", "passwd"}

var _ = scenario("labels", func() {
	Describe("a", Label("slow"), func() { Package("bash").Should(BeInstalled()) })
	Describe("b", func() { Package("dash").Should(BeInstalled()) })
})

var _ = scenario("on", func() {
	Package("bash").Should(BeInstalled())
	On(os.Getenv("OTHER"), func() {
		Command("echo on; exit 0").Should(HaveStdout("on"))
		It("asks there", func() {
			Expect(User("root").UID()).To(Equal(0))
			Expect(Command("echo $SSH_CONNECTION").Stdout()).To(ContainSubstring("127.0.0.1"))
		})
	})
	It("asks here", func() { Expect(Command("echo x$SSH_CONNECTION").Stdout()).To(Equal("x\n")) })
})

var _ = scenario("bad-on", func() {
	On("web1", func() { Package("bash").Should(BeInstalled()) })
})

var _ = scenario("only-on", func() {
	OnlyOn("debian >= 12, rhel", func() { Package("bash").Should(BeInstalled()) })
	OnlyOn("debian >= 99", func() {
		BeforeEach(func() { Fail("this must not run") })
		Package("never-asked").Should(BeInstalled())
		It("is skipped", func() { Fail("neither must this") })
	})
	OnlyOn("alpine", func() { Package("bash").Should(BeInstalled()) })
	OnlyOn("debian >= 99, linux, debian", func() { Package("bash").Should(BeInstalled()) })
})

var _ = scenario("bad-only-on", func() {
	OnlyOn(os.Getenv("SYSTEMS"), func() { Package("bash").Should(BeInstalled()) })
})

var _ = scenario("unreachable", func() {
	Package("bash").Should(BeInstalled())
	Package("bash").ShouldNot(BeInstalled())
	It("is skipped before its body", func() { Fail("the body ran") })
})

var _ = scenario("unreachable-author", func() {
	Describe("in order", Ordered, ContinueOnFailure, func() {
		It("fails", func() {
			Eventually(Package("bash"), "1h").Should(BeInstalled())
		})
		It("is skipped before its body", func() { Fail("the body ran") })
		Package("bash").Should(BeInstalled())
	})
})

var _ = scenario("unknown", func() {
	Command("sleep 60").WithTimeout(300 * time.Millisecond).Should(ExitWith(0))
	Command("sleep 60").WithTimeout(300 * time.Millisecond).ShouldNot(ExitWith(0))
	It("could not tell in author code", func() {
		Expect(Command("sleep 60").WithTimeout(300 * time.Millisecond).Stdout()).To(Equal(""))
	})
})

var _ = scenario("missing", func() {
	It("is missed in author code", func() {
		Expect(File("/nonexistent/file").Content()).To(Equal("x"), "of this file")
	})
	It("is an error in author code", func() {
		_, err := File("/nonexistent/file").Content()
		Expect(err).NotTo(HaveOccurred())
	})
})

// TestMissing is a test without Ginkgo.
func TestMissing(t *testing.T) {
	if chosen("missing") {
		g := NewWithT(t)
		g.Expect(File("/nonexistent/file").Content()).To(Equal("x"))
	}
}

var _ = scenario("secret", func() {
	token := Secret("s3cr3t\"token")
	Command("echo '" + token + "'").Should(HaveStdout("nothing"))
	It("prints it", func() {
		GinkgoWriter.Println("token is", token)
		Expect("the token " + token).To(Equal("something else"))
	})
})

var _ = scenario("skipped", func() {
	It("is skipped", func() { Skip("no reason") })
	PIt("is pending", func() {})
})

var _ = scenario("panics", func() {
	It("panics", func() { panic("oh no") })
	Package("bash").Should(BeInstalled())
})

var _ = scenario("before-each", func() {
	Describe("around", func() {
		BeforeEach(func() {})
		for _, name := range packages {
			Package(name).Should(BeInstalled())
		}
	})
})

var _ = scenario("setup", func() {
	Describe("with BeforeAll, tables and cleanup", Ordered, func() {
		BeforeAll(func() {
			Expect(Package("bash").Installed()).To(BeTrue())
			DeferCleanup(func() { Expect(Package("bash").Installed()).To(BeTrue()) })
		})
		DescribeTable("packages", func(name string) {
			Package(name).Should(BeInstalled())
		}, Entry(nil, "bash"), Entry(nil, "dash"))
		It("asks in goroutines", func() {
			done := make(chan struct{})
			go func() {
				defer GinkgoRecover()
				defer close(done)
				Expect(Package("bash").Installed()).To(BeTrue())
			}()
			<-done
		})
	})
})

// A suite that is longer than the two seconds within which a file counts as just
// written.
var _ = scenario("slow", func() {
	Command("sleep 2.2").Should(ExitWith(0))
})

var _ = scenario("sudo", func() {
	Command("id -un").Should(HaveStdout("root"))
	File("/etc/shadow").Should(HaveContent("root:"))
	File("/etc/shadow").Should(BeReadable().ByUser("root"))
	Command("id -un").Sudo(false).ShouldNot(HaveStdout("root"))
	It("asks as the account itself", func() {
		Expect(File("/etc/shadow").Exists()).To(BeTrue())
		_, err := File("/etc/shadow").Sudo(false).Content()
		Expect(err).To(MatchError(ContainSubstring("ermission denied")))
	})
	Command("id -un").AsUser("daemon").Should(HaveStdout("daemon"))
	It("asks as daemon", func() {
		Expect(File("/etc/shadow").ReadableByUser("daemon")).To(BeFalse())
		Expect(Command("id -un").AsUser("daemon").Stdout()).To(Equal("daemon\n"))
	})
	Command("cat; printf " + os.Getenv("SUDO_CANARY")).Should(ExitWith(0))
})

// What serverspec takes for passed where sudo is refused.
var _ = scenario("sudo-negatives", func() {
	User("root").ShouldNot(Exist())
	Port(22).ShouldNot(BeListening())
	File("/etc/shadow").ShouldNot(Exist())
	Command("true").ShouldNot(ExitWith(0))
})

var _ = scenario("sudo-single", func() {
	Command("id -u").Sudo(false).ShouldNot(HaveStdout("root"))
	User("root").Sudo(true).ShouldNot(Exist())
	Command("true").Sudo(true).ShouldNot(ExitWith(0))
	It("tells in author's code", func() {
		Expect(Package("bash").AsUser("www-data").Installed()).To(BeTrue())
	})
	Package("bash").Should(BeInstalled())
})

var _ = scenario("sudo-nobody", func() {
	Package("bash").AsUser("").Should(BeInstalled())
})

// Nothing that is started here knows what hostspec logs in with elsewhere.
var _ = scenario("environment", func() {
	Command("env").ShouldNot(HaveStdout("HOSTSPEC_S"))
	It("starts a program itself", func() {
		out, err := exec.Command("env").Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(out)).NotTo(ContainSubstring("HOSTSPEC_S"))
	})
	Command("echo c4nary one; echo c4nary two").Should(HaveStdout("nothing"))
})

// It waits while the processes of this machine are looked at.
var _ = scenario("sudo-waits", func() {
	Command("id -un").Should(HaveStdout("root"))
	Command("touch " + os.Getenv("SUDO_LOOKED") + ".now; until [ -e " + os.Getenv("SUDO_LOOKED") + " ]; do sleep 0.1; done").Should(ExitWith(0))
})

var _ = scenario("hangs", func() {
	It("hangs", func(ctx SpecContext) { <-ctx.Done() })
	It("hangs in a question", func() {
		Expect(Command("sleep 1000").Stdout()).To(Equal(""))
	})
	Package("bash").Should(BeInstalled())
})

var _ = scenario("focused", func() {
	FIt("is focused", func() { Expect(Package("bash").Installed()).To(BeTrue()) })
	Package("bash").Should(BeInstalled())
})

// What an author started and never stopped goes on asking while the suite ends.
var _ = scenario("still-asks", func() {
	It("starts what never stops", func() {
		for range 8 {
			go func() {
				for {
					_, _ = Command("cat /nonexistent").ExitCode()
					_, _ = File("/etc/passwd").Exists()
				}
			}()
		}
	})
	It("is given up", NodeTimeout(200*time.Millisecond), GracePeriod(10*time.Millisecond), func(SpecContext) {
		for {
			_, _ = File("/etc/passwd").Exists()
		}
	})
})
