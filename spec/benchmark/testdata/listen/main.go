// Listen is a process that listens on two ports of 127.0.0.1, prints them, and
// ends with its input.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	for range 2 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(l.Addr().(*net.TCPAddr).Port)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
