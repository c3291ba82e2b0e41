package fact

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A UnixSocket is a line of /proc/net/unix, unix(7), of a socket that has a name.
type UnixSocket struct {
	// Path is what it was bound to. A name in the abstract namespace begins with
	// "@", and NULs in it are written so, too.
	Path string
	// Type is "stream", "datagram" or "seqpacket".
	Type string
	// Inode is the number of the socket itself, which is not that of its file.
	Inode uint64
	// Accepting says that connections are accepted, or that it is a datagram
	// socket that is not connected.
	Accepting bool
}

// unixTypes are the numbers of linux/net.h.
var unixTypes = map[string]string{"0001": "stream", "0002": "datagram", "0005": "seqpacket"}

// ParseProcNetUnix reads /proc/net/unix. Sockets without a name are passed over.
func ParseProcNetUnix(text []byte) ([]UnixSocket, error) {
	var out []UnixSocket
	heading := true
	for line := range lines(text) {
		if heading {
			if !bytes.HasPrefix(line, []byte("Num ")) {
				return nil, fmt.Errorf("/proc/net/unix: want a heading, got %.200q", line)
			}
			heading = false
			continue
		}
		var f [7]string
		rest := line
		short := false
		for i := range f {
			var field []byte
			field, rest, _ = bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
			f[i] = string(field)
			short = short || len(field) == 0
		}
		if short || len(rest) == 0 {
			continue // without a name, or the rest of a name with a newline
		}
		flags, err := strconv.ParseUint(f[3], 16, 32)
		inode, err2 := strconv.ParseUint(f[6], 10, 64)
		if err != nil || err2 != nil || unixTypes[f[4]] == "" {
			continue
		}
		const acceptsConnections = 1 << 16 // __SO_ACCEPTCON
		sock := UnixSocket{Path: string(rest), Type: unixTypes[f[4]], Inode: inode, Accepting: flags&acceptsConnections != 0}
		if sock.Type == "datagram" {
			sock.Accepting = f[5] == "01" // SS_UNCONNECTED
		}
		out = append(out, sock)
	}
	if heading {
		return nil, fmt.Errorf("/proc/net/unix is empty, without even a heading")
	}
	return out, nil
}

// A FileID tells files apart: the device of the file system, as stat(2) gives it, and
// the lower 32 bits of the inode, which are all that the kernel tells of a socket's
// file. The zero FileID is unknown.
type FileID struct {
	Device uint64
	Inode  uint32
}

// ParseFileID reads what stat -c '%d %i' prints.
func ParseFileID(text string) (FileID, bool) {
	device, inode, ok := strings.Cut(text, " ")
	d, err := strconv.ParseUint(device, 10, 64)
	i, err2 := strconv.ParseUint(inode, 10, 64)
	return FileID{d, uint32(i)}, ok && err == nil && err2 == nil
}

// KernelDevice makes a device number of stat(2) out of one that the kernel uses
// among its own, with the minor number in the lower 20 bits.
func KernelDevice(device uint32) uint64 {
	major, minor := uint64(device>>20), uint64(device&0xfffff)
	return minor&0xff | major<<8 | minor&^0xff<<12
}

// ParseUnixFiles reads what
//
//	ss -xle
//
// prints (ss(8)) and returns, by the inode of a socket, the file that it is bound
// to. Lines that do not tell are passed over, and so is a socket that two lines tell
// of differently: a name may hold a newline.
func ParseUnixFiles(text []byte) map[uint64]FileID {
	out := map[uint64]FileID{}
	for line := range lines(text) {
		f := strings.Fields(string(line))
		last := func(before int, is func(string) bool) int {
			for i := before - 1; i >= 0; i-- {
				if is(f[i]) {
					return i
				}
			}
			return 0
		}
		ino := last(len(f)-1, func(s string) bool { return strings.HasPrefix(s, "ino:") })
		star := last(ino, func(s string) bool { return s == "*" })
		if star == 0 || !strings.HasPrefix(f[ino+1], "dev:") {
			continue
		}
		socket, err := strconv.ParseUint(f[star-1], 10, 64)
		inode, err2 := strconv.ParseUint(f[ino][len("ino:"):], 10, 32)
		major, minor, ok := strings.Cut(f[ino+1][len("dev:"):], "/")
		// ss takes the kernel's number for one of the C library's, and cuts it up so.
		ma, err3 := strconv.ParseUint(major, 10, 12)
		mi, err4 := strconv.ParseUint(minor, 10, 20)
		if !ok || slices.ContainsFunc([]error{err, err2, err3, err4}, func(err error) bool { return err != nil }) {
			continue
		}
		id := FileID{KernelDevice(uint32(mi&0xff | ma<<8 | mi&^0xff<<12)), uint32(inode)}
		if old, ok := out[socket]; ok && old != id {
			id = FileID{}
		}
		out[socket] = id
	}
	return out
}
