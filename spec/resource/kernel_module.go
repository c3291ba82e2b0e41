package resource

import (
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
)

// A KernelModule is a loadable module of the kernel that the target runs on; containers
// share their host's.
type KernelModule struct{ Base[KernelModule] }

// NewKernelModule makes a KernelModule.
func NewKernelModule(a Asker, name string) *KernelModule {
	m := &KernelModule{}
	m.Base = New(a, "KernelModule", name, m)
	return m
}

var moduleTable = FileTable[fact.Module]{Name: "kernel modules", File: "/proc/modules", None: "the kernel loads no modules", Parse: fact.ParseModules}

var modules = moduleTable.Kind()

// Loaded reports whether the module is loaded (proc(5), /proc/modules). One that is built
// into the kernel is never loaded. A dash and an underscore in its name mean the same, as
// for modprobe(8).
func (m *KernelModule) Loaded() (bool, error) {
	const question = "Loaded"
	if err := checkModuleName(m.Name()); err != nil {
		return false, Refuse(&m.Base, err)
	}
	name := fact.ModuleName(m.Name())
	e, err := Ask(&m.Base, question, modules, name, func(e Entry[fact.Module]) (found, near string) {
		if !e.Exists {
			return "not loaded", strings.Join(e.Near(name), ", ")
		}
		return strings.ToLower(e.Fact.State), ""
	})
	return err == nil && e.Exists && e.Fact.State == "Live", err
}

func checkModuleName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name is empty")
	case strings.HasSuffix(name, ".ko"), strings.ContainsAny(name, "/*? \t\n"):
		return fmt.Errorf("%q is not the name of a kernel module: want it as lsmod shows it, without a folder and without .ko", name)
	}
	return nil
}

var _ = catalogue.Add(&catalogue.Kind{
	Name: "module", Rank: 95, Bare: []string{"state"},
	All: moduleTable.Listing("module", func(name string, m fact.Module) catalogue.Fact {
		return catalogue.New("module", name, "state", strings.ToLower(m.State))
	}),
	Noise:    []catalogue.Noise{{Name: "**", Why: "of the host's kernel", Container: true}},
	Resource: "KernelModule",
	Canonical: func(r evidence.Resource, _ string) evidence.Resource {
		r.Name = fact.ModuleName(r.Name)
		return r
	},
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		return fmt.Sprintf("KernelModule(%q).Should(BeLoaded())", f.Name)
	},
	Absent: func(name string) string { return fmt.Sprintf("KernelModule(%q).ShouldNot(BeLoaded())", name) },
})
