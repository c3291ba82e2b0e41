package spec

import "github.com/hostspec/hostspec/spec/resource"

// Package is a package of the target's package manager.
//
//	Package("nginx").Should(BeInstalled().WithVersion(">= 1.22"))
func Package(name string) *resource.Package { return resource.NewPackage(Ambient(), name) }

// Command is shell text that is run on the target by its /bin/sh. It may change
// the target.
//
//	Command("nginx -t").Should(ExitWith(0))
//	Expect(Command("hostname -f").Stdout()).To(Equal("web1.example.org\n"))
func Command(script string) *resource.Command { return resource.NewCommand(Ambient(), script) }
