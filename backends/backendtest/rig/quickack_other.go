//go:build !linux

package rig

import "net"

func quickACK(net.Conn) {}
