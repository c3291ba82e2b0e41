//go:build !linux

// Package quickack keeps this machine's delayed acknowledgements out of a connection.
package quickack

import "net"

// Set does nothing where there is no such setting.
func Set(net.Conn) {}
