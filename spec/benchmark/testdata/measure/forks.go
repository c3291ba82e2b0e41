package main

import (
	"encoding/binary"
	"os"
	"slices"
	"syscall"
)

// forks are the new processes of the machine, as the kernel's process connector
// tells them: netlink(7), linux/connector.h and linux/cn_proc.h.
type forks struct {
	socket int
	all    []fork // that have come, in order
	lost   bool   // the kernel has dropped some
}

// A fork is one of them.
type fork struct{ parent, child int }

const (
	netlinkConnector = 11
	cnIdxProc        = 1
	cnValProc        = 1
	procCnListen     = 1
	procEventFork    = 1
)

// watchForks begins to listen. Where the kernel refuses (it wants CAP_NET_ADMIN, and
// not every kernel has the connector), nothing is counted.
func watchForks() *forks {
	s, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, netlinkConnector)
	if err != nil {
		return nil
	}
	_ = syscall.SetsockoptInt(s, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 4<<20) // else the default size has to do
	if syscall.Bind(s, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: cnIdxProc}) != nil {
		return nil
	}
	var b []byte
	word := binary.NativeEndian.AppendUint32
	half := binary.NativeEndian.AppendUint16
	b = word(b, 40) // nlmsghdr
	b = half(b, syscall.NLMSG_DONE)
	b = half(b, 0)
	b = word(word(b, 0), uint32(os.Getpid()))
	b = word(word(word(word(b, cnIdxProc), cnValProc), 0), 0) // cn_msg
	b = half(half(b, 4), 0)
	b = word(b, procCnListen)
	if syscall.Sendto(s, b, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}) != nil {
		return nil
	}
	return &forks{socket: s}
}

// below returns the processes that another, and what it has started, have started until
// now.
func (f *forks) below(root int) []int {
	f.read()
	family := []int{root}
	for _, k := range f.all {
		if slices.Contains(family, k.parent) {
			family = append(family, k.child)
		}
	}
	return family[1:]
}

// count is how many are below a process; -1 means that it cannot be told.
func (f *forks) count(root int) int64 {
	if f == nil {
		return -1
	}
	n := len(f.below(root))
	if f.lost {
		return -1
	}
	return int64(n)
}

// read takes over what has come.
func (f *forks) read() {
	buf := make([]byte, 1<<12)
	for {
		n, _, err := syscall.Recvfrom(f.socket, buf, syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.ENOBUFS:
			f.lost = true
			continue
		case err != nil:
			return // EAGAIN: that was all
		}
		const header = 16 + 20 // nlmsghdr and cn_msg
		if n < header+32 {
			continue
		}
		word := func(i int) int { return int(binary.NativeEndian.Uint32(buf[header+i:])) }
		// what, cpu, timestamp, then parent_pid, parent_tgid, child_pid, child_tgid
		if word(0) == procEventFork && word(24) == word(28) { // a thread has the group of its parent
			f.all = append(f.all, fork{parent: word(20), child: word(28)})
		}
	}
}
