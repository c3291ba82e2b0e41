package scenarios_test

import (
	"context"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// third holds in all runs but the third.
func third() bool {
	counter := os.Getenv("COUNTER")
	return Command("echo run >>" + counter + "; test $(wc -l <" + counter + ") -ne 3").Should(ExitWith(0))
}

// second holds from its second run on.
func second() bool {
	counter := os.Getenv("COUNTER")
	return Command("echo run >>" + counter + "; test $(wc -l <" + counter + ") -ge 2").Should(ExitWith(0))
}

// fromSecond has a file made before the second run of a spec.
func fromSecond() any {
	runs := 0
	return AroundNode(func(ctx context.Context) context.Context {
		if runs++; runs == 2 {
			Expect(os.WriteFile(os.Getenv("COUNTER"), nil, 0o600)).To(Succeed())
		}
		return ctx
	})
}

var _ = scenario("repeated-command", func() {
	Describe("repeated", MustPassRepeatedly(5), func() { third() })
})

var _ = scenario("repeated-fact", func() {
	Describe("repeated", MustPassRepeatedly(5), fromSecond(), func() { File(os.Getenv("COUNTER")).ShouldNot(Exist()) })
})

var _ = scenario("repeated-author", func() {
	c := Command("echo run >>" + os.Getenv("COUNTER") + "; test $(wc -l <" + os.Getenv("COUNTER") + ") -ne 3")
	It("is asked each time", MustPassRepeatedly(5), func() { Expect(c).To(ExitWith(0)) })
})

var _ = scenario("retried-command", func() {
	Describe("retried", FlakeAttempts(3), func() { second() })
})

var _ = scenario("retried-fact", func() {
	Describe("retried", FlakeAttempts(3), fromSecond(), func() { File(os.Getenv("COUNTER")).Should(Exist()) })
})

var _ = scenario("retried-author", func() {
	It("is asked each time", FlakeAttempts(3), func() {
		Expect(Command("echo run >>" + os.Getenv("COUNTER") + "; wc -l <" + os.Getenv("COUNTER"))).To(HaveStdout("2"))
	})
})

var _ = scenario("third", func() { third() })

var _ = scenario("second", func() { second() })

var _ = scenario("spec-timeout", func() {
	It("takes too long", SpecTimeout(300*time.Millisecond), func(SpecContext) {
		Expect(Command("sleep 1000").Stdout()).To(BeEmpty())
	})
	Package("bash").Should(BeInstalled())
})

var _ = scenario("node-timeout", func() {
	BeforeEach(func(SpecContext) {
		Expect(Command("sleep 1000").Stdout()).To(BeEmpty())
	}, NodeTimeout(300*time.Millisecond))
	Package("bash").Should(BeInstalled())
})

var _ = scenario("serial", func() {
	Describe("in order", Serial, Ordered, func() {
		path := os.Getenv("COUNTER")
		File(path).ShouldNot(Exist())
		Command("touch " + path).Should(ExitWith(0))
		File(path).Should(Exist())
	})
})

var _ = scenario("all-false", func() {
	for _, name := range packages {
		Package(name).ShouldNot(BeInstalled())
	}
})

var _ = scenario("many", func() {
	for _, name := range packages {
		Package(name).Should(BeInstalled())
	}
	Package("no-such-package").Should(BeInstalled())
	Command("exit 3").ShouldNot(ExitWith(3))
})
