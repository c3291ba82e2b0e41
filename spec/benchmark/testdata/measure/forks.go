package main

import (
	"encoding/binary"
	"os"
	"slices"
	"syscall"
	"time"
)

// forks are the new processes of the machine, as the kernel's process connector
// tells them: netlink(7), linux/connector.h and linux/cn_proc.h.
type forks struct{ socket int }

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
	return &forks{s}
}

// below counts the processes that two others, and what these started, have started
// until now: the first of the two counts itself. -1 means that it cannot be told.
func (f *forks) below(program, server int) (client, remote int64) {
	if f == nil {
		return -1, -1
	}
	all, ok := f.read()
	if !ok {
		return -1, -1
	}
	count := func(roots ...int) (n int64) {
		for _, k := range all {
			if slices.Contains(roots, k.parent) {
				roots = append(roots, k.child)
				n++
			}
		}
		return n
	}
	return count(program) + 1, count(server)
}

// read returns what has come, in order, and whether nothing was lost.
func (f *forks) read() (all []fork, ok bool) {
	time.Sleep(10 * time.Millisecond) // the last events
	buf := make([]byte, 1<<12)
	for {
		n, _, err := syscall.Recvfrom(f.socket, buf, syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN:
			return all, true
		case err != nil:
			return nil, false // ENOBUFS: the kernel has dropped some
		}
		const header = 16 + 20 // nlmsghdr and cn_msg
		if n < header+32 {
			continue
		}
		word := func(i int) int { return int(binary.NativeEndian.Uint32(buf[header+i:])) }
		// what, cpu, timestamp, then parent_pid, parent_tgid, child_pid, child_tgid
		if word(0) == procEventFork && word(24) == word(28) { // a thread has the group of its parent
			all = append(all, fork{parent: word(20), child: word(28)})
		}
	}
}
