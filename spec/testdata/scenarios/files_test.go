package scenarios_test

import (
	"os"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

var _ = scenario("stale", func() {
	Describe("in order", Ordered, func() {
		path := os.Getenv("COUNTER")
		File(path).ShouldNot(Exist())
		It("makes the file", func() { Expect(os.WriteFile(path, nil, 0o644)).To(Succeed()) })
		File(path).Should(Exist())
		Command("rm " + path).Should(ExitWith(0))
		File(path).ShouldNot(Exist())
		It("looks around a change", func() {
			Expect(File(path)).NotTo(Exist())
			Expect(os.WriteFile(path, nil, 0o644)).To(Succeed())
			Expect(File(path)).To(Exist())
		})
	})
})

var _ = scenario("hundred", func() {
	for _, name := range packages {
		Package(name).Should(BeInstalled())
	}
	for _, path := range []string{"/etc/passwd", "/etc/group", "/etc", "/usr/bin", "/tmp"} {
		File(path).Should(Exist(), HaveMode(mode(path)))
	}
	User("root").Should(Exist(), HaveUID(0), HaveHomeDirectory("/root"))
	Group("root").Should(Exist(), HaveGID(0))
})

func mode(path string) int {
	switch path {
	case "/etc", "/usr/bin":
		return 0o755
	case "/tmp":
		return 0o1777
	}
	return 0o644
}

var _ = scenario("ten-thousand", func() {
	for i := range 10000 {
		File("/etc/x" + strconv.Itoa(i)).ShouldNot(Exist())
	}
})
