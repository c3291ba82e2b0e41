package spec_test

import (
	. "github.com/hostspec/hostspec/spec"
	"github.com/hostspec/hostspec/spec/resource"
)

// get asks the web server for a page, from the target's own side, and prints its head
// and its body. It is written for bash, which each Debian has; where there is curl,
// Command("curl -si http://127.0.0.1/health") is shorter. ReadOnly promises that it
// changes nothing, so that what was asked before stays true.
func get(path string) *resource.Command {
	const script = `exec 3<>/dev/tcp/127.0.0.1/80 && printf 'GET %s HTTP/1.0\r\nHost: shop\r\n\r\n' "$1" >&3 && cat <&3`
	return Command("bash -s " + path).WithStdin(script).ReadOnly()
}
