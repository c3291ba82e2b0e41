package snapshot_test

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// A kind that has its place in the catalogue is part of snapshots and comparisons, noise and
// patterns included, though nobody here knows it.
func TestKinds_OfTheCatalogueAreTold(t *testing.T) {
	g := NewWithT(t)
	root := rig.BusyboxRoot(t)
	load := func(text string) {
		t.Helper()
		g.Expect(os.WriteFile(root+"/proc/modules", []byte(text), 0o644)).To(Succeed())
	}
	load("overlay 151552 2 - Live 0x0\n")
	tg := open(t, "exec:chroot "+root)
	// There is little else in such a root.
	told := func(before, after *snapshot.Snapshot, ignore ...string) []string {
		return told(before, after, append(ignore, "service:**", "user:**", "group:**", "port:**", "mount:**")...)
	}
	before := take(t, tg, snapshot.Options{})
	load("overlay 151552 2 - Live 0x0\nbr_netfilter 32768 0 - Live 0x0\n")
	after := take(t, tg, snapshot.Options{})
	g.Expect(told(before, after)).To(Equal([]string{"module br_netfilter  (absent) -> live"}))
	g.Expect(told(after, before)).To(Equal([]string{"module br_netfilter  live -> (absent)"}))
	g.Expect(told(before, after, "module:br_*")).To(BeEmpty())
	g.Expect(told(take(t, tg, snapshot.Options{Container: true}), before)).To(BeEmpty(), "containers show their host's")

	f, ok := after.Fact("module", "br_netfilter")
	g.Expect(ok).To(BeTrue())
	k := catalogue.ByName("module")
	g.Expect(k.Spec(f, after)).To(Equal(`KernelModule("br_netfilter").Should(BeLoaded())`))
	g.Expect(k.Absent(f.Name)).To(Equal(`KernelModule("br_netfilter").ShouldNot(BeLoaded())`))

	load("overlay\n")
	g.Expect(told(before, take(t, tg, snapshot.Options{}))).To(ConsistOf(HavePrefix("module  could not tell: after: /proc/modules: want NAME SIZE")))
	g.Expect(os.Remove(root + "/proc/modules")).To(Succeed())
	g.Expect(told(before, take(t, tg, snapshot.Options{}))).To(Equal([]string{
		"module  could not tell: after: there is no /proc/modules: the kernel loads no modules"}))
}
