// Package spec is what authors of infrastructure specs import, with a dot, beside
// Ginkgo, Gomega and package matchers.
//
//	func TestWeb(t *testing.T) { Run(t, "web server") }
//
//	var _ = Describe("nginx", func() {
//		Package("nginx").Should(BeInstalled().WithVersion(">= 1.22"))
//		Service("nginx").Should(BeEnabled(), BeRunning())
//		Port(80).Should(BeListening().WithProtocol("tcp"))
//	})
//
// A line like these, a one-liner, declares one spec for each matcher. Within a
// running spec it asserts at once. Resources serve as subjects of Expect and
// Eventually too, and, without Run, in plain tests with gomega.NewWithT.
//
// What specs run against is given from outside, by the flag -hostspec.target of
// the test binary, the variable HOSTSPEC_TARGET, or `hostspec run --target`; it
// is this machine when nothing says otherwise. On places a block of specs on
// another target.
package spec

import (
	// The kinds of targets that are built in.
	_ "github.com/hostspec/hostspec/backends/standard"
)
