// Command hostspec runs infrastructure specs against machines and merges what
// they tell into one report; it also starts a new folder of specs.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(hostspec(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
