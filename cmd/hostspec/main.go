// Command hostspec runs infrastructure specs against machines and merges what they tell
// into one report; hostspec --help says what else it does. A command with backends and
// report formats of your own is this file with their imports added: see package cli.
package main

import "github.com/hostspec/hostspec/cmd/hostspec/cli"

func main() { cli.Main() }
