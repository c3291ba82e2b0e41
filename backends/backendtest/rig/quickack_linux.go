package rig

import (
	"net"
	"syscall"
)

// quickACK keeps this machine's delayed acknowledgements out of the picture: on a
// real line the other end's kernel would send them, not the proxy's.
func quickACK(c net.Conn) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
}
