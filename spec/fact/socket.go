package fact

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Socket is one that takes what comes from the network: TCP in state LISTEN, UDP
// bound and not connected.
type Socket struct {
	Protocol string // "tcp", "tcp6", "udp", "udp6": the table it stands in
	Address  netip.Addr
	Port     int
	Inode    uint64
}

// Wildcard reports whether the socket takes what comes to any address.
func (s Socket) Wildcard() bool { return s.Address.Unmap().IsUnspecified() }

// states are the states, in /proc/net, of sockets that take what comes: TCP_LISTEN
// and, for UDP, TCP_CLOSE, which means not connected (net/tcp_states.h).
var states = map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}

// ProcNetPattern is a regular expression, for grep -E, of the lines of these tables
// that ParseProcNet reads: the heading and the states.
const ProcNetPattern = `^ *sl |^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ (0A|07) `

// ProcNetAnyV6Pattern is one of the lines about sockets that take what comes to any
// address of IPv6.
const ProcNetAnyV6Pattern = `^ *[0-9]+: 00000000000000000000000000000000:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ (0A|07) `

// ParseProcNet reads /proc/net/tcp, tcp6, udp or udp6, proc_pid_net(5), and
// returns the sockets that take what comes. Addresses stand there as 32-bit words
// of the machine's own byte order.
func ParseProcNet(text []byte, protocol string, order binary.ByteOrder) ([]Socket, error) {
	state, ok := states[protocol]
	if !ok {
		return nil, fmt.Errorf("/proc/net/%s is not a table of sockets", protocol)
	}
	var out []Socket
	if len(text) == 0 {
		return nil, fmt.Errorf("/proc/net/%s is empty, without even a heading", protocol)
	}
	s := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; s.Scan(); n++ {
		f := strings.Fields(s.Text())
		if n == 1 {
			if len(f) == 0 || f[0] != "sl" {
				return nil, fmt.Errorf("/proc/net/%s: want a heading, got %q", protocol, s.Text())
			}
			continue
		}
		if len(f) < 10 {
			return nil, fmt.Errorf("/proc/net/%s, line %d: want ten fields, got %q", protocol, n, s.Text())
		}
		if f[3] != state {
			continue
		}
		sock := Socket{Protocol: protocol}
		var err error
		if sock.Address, sock.Port, err = parseHexAddress(f[1], order); err == nil {
			sock.Inode, err = strconv.ParseUint(f[9], 10, 64)
		}
		if err == nil && sock.Address.Is6() != strings.HasSuffix(protocol, "6") {
			err = fmt.Errorf("the address is of the other kind")
		}
		if err != nil {
			return nil, fmt.Errorf("/proc/net/%s, line %d: %w", protocol, n, err)
		}
		out = append(out, sock)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("/proc/net/%s: %w", protocol, err)
	}
	return out, nil
}

// parseHexAddress reads 0100007F:1F90.
func parseHexAddress(s string, order binary.ByteOrder) (netip.Addr, int, error) {
	address, port, ok := strings.Cut(s, ":")
	raw, err := hex.DecodeString(address)
	if !ok || err != nil || len(raw) != 4 && len(raw) != 16 || len(port) != 4 {
		return netip.Addr{}, 0, fmt.Errorf("cannot read the address %q", s)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("cannot read the port of %q", s)
	}
	for i := 0; i < len(raw); i += 4 {
		word := binary.BigEndian.Uint32(raw[i:]) // as it is written
		order.PutUint32(raw[i:], word)           // as it stood in memory
	}
	a, _ := netip.AddrFromSlice(raw)
	return a, int(n), nil
}

// ByteOrder is the byte order of a machine, by the name that uname -m gives it.
func ByteOrder(machine string) binary.ByteOrder {
	if slices.Contains([]string{"s390", "s390x", "ppc", "ppc64", "mips", "mips64", "sparc", "sparc64", "aarch64_be", "armeb", "m68k", "parisc", "parisc64"}, machine) {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// ParseV6Only reads what
//
//	ss -tul6ne
//
// prints (ss(8)) and returns, by inode, whether IPV6_V6ONLY is set on a socket.
// Lines without both are passed over.
func ParseV6Only(text []byte) map[uint64]bool {
	out := map[uint64]bool{}
	for line := range strings.Lines(string(text)) {
		var inode uint64
		only, known := false, false
		for _, f := range strings.Fields(line) {
			if v, ok := strings.CutPrefix(f, "ino:"); ok {
				inode, _ = strconv.ParseUint(v, 10, 64)
			}
			if v, ok := strings.CutPrefix(f, "v6only:"); ok {
				only, known = v == "1", v == "0" || v == "1"
			}
		}
		if inode != 0 && known {
			out[inode] = only
		}
	}
	return out
}

// ParseSocketOwners reads what
//
//	QUOTING_STYLE=c ls -ln /proc/[0-9]*/fd
//
// prints and returns the PIDs of the processes that hold a socket, by inode.
// Other open files are passed over.
func ParseSocketOwners(text []byte) map[uint64][]int {
	out := map[uint64][]int{}
	pid := 0
	for line := range lines(text) {
		if heading := bytes.TrimPrefix(line, []byte(`"`)); bytes.HasPrefix(heading, []byte("/")) {
			p, rest, ok := cutProc(heading, "fd")
			if pid = 0; ok && (string(rest) == ":" || string(rest) == `":`) {
				pid = p
			}
			continue
		}
		_, target, ok := bytes.Cut(line, []byte(" -> "))
		if inode, isSocket := SocketInode(string(bytes.Trim(target, `"`))); ok && isSocket && line[0] == 'l' && pid != 0 && !slices.Contains(out[inode], pid) {
			out[inode] = append(out[inode], pid)
		}
	}
	return out
}

// SocketInode reads the target of a link /proc/PID/fd/N that is a socket:
// socket:[12345].
func SocketInode(target string) (uint64, bool) {
	digits, ok := strings.CutPrefix(target, "socket:[")
	digits, closed := strings.CutSuffix(digits, "]")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && closed && err == nil
}

// A Listener is what takes connections or packets at one address.
type Listener struct {
	// Protocol is "tcp" or "udp" where it is reached by IPv4, "tcp6" or "udp6"
	// where by IPv6.
	Protocol string
	// Address is an IP address, "0.0.0.0" or "::" for all of them.
	Address string
	// Port is its number.
	Port int
	// Process is the name of the process, or the names joined by commas; empty
	// where no process is seen to hold it.
	Process string
}

func (l Listener) String() string {
	text := l.Protocol + " " + netipJoin(l.Address, l.Port)
	if l.Process != "" {
		text += " " + l.Process
	}
	return text
}

func netipJoin(address string, port int) string {
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return address + ":" + strconv.Itoa(port)
}
