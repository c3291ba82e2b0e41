package matchers_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// A kernel shows its modules in one place, which no test can load others into: so the
// targets are root file systems with a /proc of their own.
func TestKernelModuleMatchers(t *testing.T) {
	root := rig.BusyboxRoot(t)
	text := "overlay 151552 2 - Live 0x0\nbr_netfilter 32768 0 overlay, Live 0x0\nleaving 4096 0 - Unloading 0x0\n"
	if err := os.WriteFile(root+"/proc/modules", []byte(text), 0o444); err != nil {
		t.Fatal(err)
	}
	a := askerFor(t, "exec:chroot "+root)
	module := func(name string) *resource.KernelModule { return resource.NewKernelModule(a, name) }
	for _, s := range []state{
		{"BeLoaded", of(BeLoaded()), module("overlay"), module("overlya"), "be loaded", "near     overlay"},
		{"BeLoaded with a dash", of(BeLoaded()), module("br-netfilter"), module("br"), "be loaded", "not loaded"},
		{"BeLoaded no longer", of(BeLoaded()), module("br_netfilter"), module("leaving"), "be loaded", "unloading"},
	} {
		s.check(t)
	}
	for _, name := range []string{"overlay.ko", "", "kernel/fs/overlay", "over*"} {
		for _, negated := range []bool{false, true} {
			if got := resourcetest.Failure(module(name), BeLoaded(), negated); !strings.HasPrefix(got, "error: ") {
				t.Errorf("%q: %s", name, got)
			}
		}
	}
	// Without the table it could not be told, either way.
	blind := resource.NewKernelModule(askerFor(t, "exec:chroot "+rig.BusyboxRoot(t)), "overlay")
	for _, negated := range []bool{false, true} {
		if got := resourcetest.Failure(blind, BeLoaded(), negated); !strings.Contains(got, "could not tell") || !strings.Contains(got, "/proc/modules") {
			t.Error(got)
		}
	}
}
