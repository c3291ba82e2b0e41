package spec

import "github.com/hostspec/hostspec/spec/resource"

// Package is a package of the target's package manager.
//
//	Package("nginx").Should(BeInstalled().WithVersion(">= 1.22"))
//	Expect(Package("nginx").Version()).To(HavePrefix("1.22"))
func Package(name string) *resource.Package { return resource.NewPackage(Ambient(), name) }

// Service is a service of the target's init system.
//
//	Service("nginx").Should(BeEnabled(), BeRunning())
//	Service("nginx").Should(HaveProperty("Restart", "on-failure"))
func Service(name string) *resource.Service { return resource.NewService(Ambient(), name) }

// Port is a TCP or UDP port of the target.
//
//	Port(80).Should(BeListening().WithProtocol("tcp").OnAddress("0.0.0.0"))
func Port(number int) *resource.Port { return resource.NewPort(Ambient(), number) }

// UnixSocket is a socket with a path, or with an abstract name that begins with
// @.
//
//	UnixSocket("/run/php/php-fpm.sock").Should(BeListening())
func UnixSocket(path string) *resource.UnixSocket { return resource.NewUnixSocket(Ambient(), path) }

// Process is every running process of that name.
//
//	Process("nginx").Should(BeRunning(), HaveCount(BeNumerically(">=", 2)))
func Process(name string) *resource.Process { return resource.NewProcess(Ambient(), name) }

// File is anything that has a path: a file, a directory, a link, a device. The
// path is absolute.
//
//	File("/etc/nginx/nginx.conf").Should(BeFile(), HaveMode(0o644), BeOwnedBy("root"))
//	File("/etc/hosts").Should(HaveContent("localhost"))
//	Expect(File("/etc/app.json").JSON("server.port")).To(Equal(8080))
func File(path string) *resource.File { return resource.NewFile(Ambient(), path) }

// User is an account, as the target's name service knows it.
//
//	User("deploy").Should(Exist(), BelongToGroup("www-data"), HaveLoginShell("/bin/bash"))
func User(name string) *resource.User { return resource.NewUser(Ambient(), name) }

// Group is a group of accounts.
//
//	Group("www-data").Should(Exist(), HaveMember("deploy"))
func Group(name string) *resource.Group { return resource.NewGroup(Ambient(), name) }

// Command is shell text that is run on the target by its /bin/sh. It may change
// the target.
//
//	Command("nginx -t").Should(ExitWith(0))
//	Expect(Command("hostname -f").Stdout()).To(Equal("web1.example.org\n"))
func Command(script string) *resource.Command { return resource.NewCommand(Ambient(), script) }

// KernelModule is a loadable module of the kernel that the target runs on.
//
//	KernelModule("br_netfilter").Should(BeLoaded())
func KernelModule(name string) *resource.KernelModule {
	return resource.NewKernelModule(Ambient(), name)
}
