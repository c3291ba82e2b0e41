package rig

import "syscall"

// diesWithUs has the kernel end a process when this one ends without cleaning up, as
// a test binary does at its timeout.
func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
