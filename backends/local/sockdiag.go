package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// What linux/inet_diag.h, linux/unix_diag.h and linux/sock_diag.h say and package
// unix does not.
const (
	sockDiagByFamily = 20

	inetRequestSize = 56           // struct inet_diag_req_v2
	inetMessageSize = 72           // struct inet_diag_msg
	inetInodeOffset = 68           // idiag_inode, its last member
	inetV6Only      = 11           // INET_DIAG_SKV6ONLY, a byte
	inetListening   = 1<<10 | 1<<7 // TCP_LISTEN, and TCP_CLOSE for UDP

	unixRequestSize = 24     // struct unix_diag_req
	unixMessageSize = 16     // struct unix_diag_msg
	unixInodeOffset = 4      // udiag_ino
	unixShowVFS     = 1 << 1 // UDIAG_SHOW_VFS
	unixVFS         = 1      // UNIX_DIAG_VFS: struct unix_diag_vfs, the inode and the device
)

// V6Only says, by inode, whether IPV6_V6ONLY is set on the IPv6 sockets of this
// machine that take what comes: TCP listening, UDP not connected. It does not
// stand in /proc and is asked of the kernel by sock_diag(7).
func (b *Backend) V6Only(ctx context.Context) (map[uint64]bool, error) {
	out := map[uint64]bool{}
	for _, protocol := range []uint8{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
		if err := b.usable(ctx); err != nil {
			return nil, err
		}
		request := make([]byte, inetRequestSize)
		request[0], request[1] = unix.AF_INET6, protocol
		binary.NativeEndian.PutUint32(request[4:], inetListening)
		if err := sockDiag(request, func(message []byte) error { return readV6Only(message, out) }); err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
	}
	return out, nil
}

func readV6Only(message []byte, into map[uint64]bool) error {
	if len(message) < inetMessageSize {
		return errTooShort
	}
	if only := attribute(message[inetMessageSize:], inetV6Only); len(only) > 0 {
		into[uint64(binary.NativeEndian.Uint32(message[inetInodeOffset:]))] = only[0] != 0
	}
	return nil
}

// UnixFiles says, by the inode of a UNIX socket of this machine, to which file it is
// bound: the device, as the kernel numbers it among its own, and the lower 32 bits
// of the file's inode. Sockets without a file are left out.
func (b *Backend) UnixFiles(ctx context.Context) (map[uint64][2]uint64, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	out := map[uint64][2]uint64{}
	request := make([]byte, unixRequestSize)
	request[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(request[4:], ^uint32(0)) // in whatever state
	binary.NativeEndian.PutUint32(request[12:], unixShowVFS)
	if err := sockDiag(request, func(message []byte) error { return readUnixFile(message, out) }); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return out, nil
}

func readUnixFile(message []byte, into map[uint64][2]uint64) error {
	if len(message) < unixMessageSize {
		return errTooShort
	}
	if vfs := attribute(message[unixMessageSize:], unixVFS); len(vfs) >= 8 {
		order := binary.NativeEndian
		into[uint64(order.Uint32(message[unixInodeOffset:]))] = [2]uint64{uint64(order.Uint32(vfs[4:])), uint64(order.Uint32(vfs))}
	}
	return nil
}

var errTooShort = errors.New("the kernel's answer is too short")

// sockDiag sends a request and hands on each message of the answer.
func sockDiag(body []byte, read func(message []byte) error) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// The kernel answers at once; this is for one that does not.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return err
	}
	request := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(body))
	request = append(request, body...)
	order := binary.NativeEndian
	order.PutUint32(request[0:], uint32(len(request)))
	order.PutUint16(request[4:], sockDiagByFamily)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 1<<15) // what the kernel fills at most (NLMSG_GOODSIZE)
	for {
		var n int
		err := retry(func() (err error) {
			n, _, err = unix.Recvfrom(fd, buf, 0)
			return err
		})
		if err != nil {
			return err
		}
		done, err := diagMessages(buf[:n], read)
		if done || err != nil {
			return err
		}
	}
}

// diagMessages reads the netlink messages of one packet.
func diagMessages(b []byte, read func(message []byte) error) (done bool, err error) {
	order := binary.NativeEndian
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(order.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, errors.New("the kernel's answer is broken off")
		}
		body := b[unix.NLMSG_HDRLEN:size]
		switch order.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			if len(body) >= 4 {
				if code := int32(order.Uint32(body)); code < 0 {
					return true, unix.Errno(-code) // it does not know the family
				}
			}
			return true, nil
		case unix.NLMSG_ERROR:
			if len(body) >= 4 {
				if code := int32(order.Uint32(body)); code < 0 {
					return false, unix.Errno(-code)
				}
			}
			return false, errors.New("the kernel refused to answer")
		case sockDiagByFamily:
			if err := read(body); err != nil {
				return false, err
			}
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false, nil
}

// attribute finds the value of a netlink attribute; nil where it is missing.
func attribute(b []byte, wanted uint16) []byte {
	order := binary.NativeEndian
	for len(b) >= 4 {
		size := int(order.Uint16(b))
		if size < 4 || size > len(b) {
			return nil
		}
		if order.Uint16(b[2:]) == wanted {
			return b[4:size]
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return nil
}

// FileID tells a file apart by its device, as stat(2) gives it, and inode. Links are
// followed.
func (b *Backend) FileID(ctx context.Context, name string) (device, inode uint64, err error) {
	id, err := ask(ctx, b, "stat", name, func() ([2]uint64, error) {
		var st unix.Stat_t
		err := retry(func() error { return unix.Stat(name, &st) })
		return [2]uint64{uint64(st.Dev), st.Ino}, err
	})
	return id[0], id[1], err
}

// UnixBound reports whether a process, of whatever network namespace, is bound to a
// socket's file. It connects to it as a socket of datagrams: the kernel refuses that
// where nobody is bound, and where it is of another type says so, of which whoever
// is bound hears nothing. One of datagrams hears nothing either.
func (b *Backend) UnixBound(ctx context.Context, name string) (bool, error) {
	return ask(ctx, b, "connect", name, func() (bool, error) {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return false, err
		}
		defer unix.Close(fd)
		switch err := retry(func() error { return unix.Connect(fd, &unix.SockaddrUnix{Name: name}) }); {
		case err == nil, errors.Is(err, unix.EPROTOTYPE):
			return true, nil
		case errors.Is(err, unix.ECONNREFUSED):
			return false, nil
		default:
			return false, err
		}
	})
}
