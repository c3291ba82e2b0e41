package fact

import (
	"bufio"
	"bytes"
	"fmt"
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
	// Accepting says that connections are accepted, or that it is a datagram
	// socket that is not connected.
	Accepting bool
}

// unixTypes are the numbers of linux/net.h.
var unixTypes = map[string]string{"0001": "stream", "0002": "datagram", "0005": "seqpacket"}

// ParseProcNetUnix reads /proc/net/unix. Sockets without a name are passed over.
func ParseProcNetUnix(text []byte) ([]UnixSocket, error) {
	var out []UnixSocket
	s := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; s.Scan(); n++ {
		if n == 1 {
			if !strings.HasPrefix(s.Text(), "Num ") {
				return nil, fmt.Errorf("/proc/net/unix: want a heading, got %q", s.Text())
			}
			continue
		}
		f := make([]string, 7)
		rest := s.Text()
		short := false
		for i := range f {
			rest = strings.TrimLeft(rest, " ")
			f[i], rest, _ = strings.Cut(rest, " ")
			short = short || f[i] == ""
		}
		if short || rest == "" {
			continue // without a name, or the rest of a name with a newline
		}
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if err != nil || unixTypes[f[4]] == "" {
			continue
		}
		const acceptsConnections = 1 << 16 // __SO_ACCEPTCON
		sock := UnixSocket{Path: rest, Type: unixTypes[f[4]], Accepting: flags&acceptsConnections != 0}
		if sock.Type == "datagram" {
			sock.Accepting = f[5] == "01" // SS_UNCONNECTED
		}
		out = append(out, sock)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("/proc/net/unix: %w", err)
	}
	return out, nil
}
