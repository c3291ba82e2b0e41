// Package cli is the hostspec command. It can be imported, so that people can ship a
// hostspec with their own backends and report formats built in. That takes a main package
// which imports them beside it:
//
//	package main
//
//	import (
//		_ "example.com/nspawn"
//		_ "example.com/tap"
//
//		"github.com/hostspec/hostspec/cmd/hostspec/cli"
//	)
//
//	func main() { cli.Main() }
//
// What they register in their init functions (see backends.Register and report.Register)
// is known to every command, to --help, and to programs made by that command's build.
// Specs alone do not need it: a backend that a package of specs imports serves
// `hostspec run` of the plain command as well.
package cli
