package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// What linux/inet_diag.h and linux/sock_diag.h say and package unix does not.
const (
	sockDiagByFamily = 20
	diagRequestSize  = 56           // struct inet_diag_req_v2
	diagMessageSize  = 72           // struct inet_diag_msg
	diagInodeOffset  = 68           // idiag_inode, its last member
	diagV6Only       = 11           // INET_DIAG_SKV6ONLY, a byte
	diagListening    = 1<<10 | 1<<7 // TCP_LISTEN, and TCP_CLOSE for UDP
)

// V6Only tells, by inode, whether IPV6_V6ONLY is set on the IPv6 sockets of this
// machine that take what comes: TCP listening, UDP not connected. It does not
// stand in /proc and is asked of the kernel by sock_diag(7).
func (b *Backend) V6Only(ctx context.Context) (map[uint64]bool, error) {
	out := map[uint64]bool{}
	for _, protocol := range []uint8{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
		if err := b.usable(ctx); err != nil {
			return nil, err
		}
		if err := sockDiag(protocol, out); err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
	}
	return out, nil
}

func sockDiag(protocol uint8, into map[uint64]bool) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// The kernel answers at once; this is for one that does not.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return err
	}
	request := make([]byte, unix.NLMSG_HDRLEN+diagRequestSize)
	order := binary.NativeEndian
	order.PutUint32(request[0:], uint32(len(request)))
	order.PutUint16(request[4:], sockDiagByFamily)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16], request[17] = unix.AF_INET6, protocol
	order.PutUint32(request[20:], diagListening)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for {
		var n int
		err := retry(func() (err error) {
			n, _, err = unix.Recvfrom(fd, buf, 0)
			return err
		})
		if err != nil {
			return err
		}
		done, err := diagMessages(buf[:n], into)
		if done || err != nil {
			return err
		}
	}
}

// diagMessages reads the netlink messages of one packet.
func diagMessages(b []byte, into map[uint64]bool) (done bool, err error) {
	order := binary.NativeEndian
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(order.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, errors.New("the kernel's answer is broken off")
		}
		body := b[unix.NLMSG_HDRLEN:size]
		switch order.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if len(body) >= 4 {
				if code := int32(order.Uint32(body)); code < 0 {
					return false, unix.Errno(-code)
				}
			}
			return false, errors.New("the kernel refused to answer")
		case sockDiagByFamily:
			if len(body) < diagMessageSize {
				return false, errors.New("the kernel's answer is too short")
			}
			if only, ok := attribute(body[diagMessageSize:], diagV6Only); ok {
				into[uint64(order.Uint32(body[diagInodeOffset:]))] = only
			}
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false, nil
}

// attribute reads a netlink attribute of one byte.
func attribute(b []byte, wanted uint16) (value, ok bool) {
	order := binary.NativeEndian
	for len(b) >= 4 {
		size := int(order.Uint16(b))
		if size < 4 || size > len(b) {
			return false, false
		}
		if order.Uint16(b[2:]) == wanted && size > 4 {
			return b[4] != 0, true
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false, false
}
