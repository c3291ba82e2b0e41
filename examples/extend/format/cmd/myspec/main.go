// Command myspec is hostspec with a format of our own.
package main

import (
	_ "example.com/tap"

	"github.com/hostspec/hostspec/cmd/hostspec/cli"
)

func main() { cli.Main() }
