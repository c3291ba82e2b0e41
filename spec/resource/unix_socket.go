package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A UnixSocket is a socket of the target that has a path, or a name in the
// abstract namespace, which begins with "@" (unix(7)). A path means the file that
// stands there now, under whatever name it was bound.
type UnixSocket struct {
	Base[UnixSocket]
}

// NewUnixSocket makes a UnixSocket. The path is absolute.
func NewUnixSocket(a Asker, path string) *UnixSocket {
	s := &UnixSocket{}
	s.Base = New(a, "UnixSocket", path, s)
	return s
}

// unixFact is what is known about one path.
type unixFact struct {
	listening fact.Verdict
	found     string
	// named says that a socket that listens was bound under the path.
	named bool
}

const leftBehind = "nothing listens there: the socket was left behind by a process that has ended"

// unixSight is what was seen of one path and of all sockets.
type unixSight struct {
	path, canonical string
	state           string // "socket", "other", "absent", "hidden"
	file            fact.FileID
	sockets         []fact.UnixSocket
	files           map[uint64]fact.FileID // of the sockets, where known
}

// judge puts together what stands at a path and what the kernel lists.
func (s unixSight) judge() (unixFact, error) {
	bound, named := s.match()
	switch {
	case s.path[0] == '@' && bound != "":
		return unixFact{listening: fact.Yes, found: bound}, nil
	case s.path[0] == '@':
		return unixFact{found: "not listening"}, nil
	case s.state == "socket" && bound != "":
		return unixFact{listening: fact.Yes, found: bound}, nil
	case s.state == "socket":
		return unixFact{listening: fact.Unsure, found: "a socket, of which no list says whether it listens", named: named}, nil
	case s.state == "other":
		return unixFact{found: "not a socket"}, nil
	case s.state == "absent" && bound != "":
		return unixFact{found: "no such file: a socket that still listens was bound there, and then its file was removed"}, nil
	case s.state == "absent":
		return unixFact{found: "no such file"}, nil
	case s.state == "hidden":
		return unixFact{}, fmt.Errorf("%s may not be looked at: permission denied", s.path)
	}
	return unixFact{}, fmt.Errorf("cannot read the answer %q", s.state)
}

// match finds the socket that listens at the path. Where the kernel tells which file
// a socket is bound to, the name that it was bound under counts for nothing: files
// are renamed, names may be relative, and another file may have taken the name.
// named says that there is one of that name whose file lies on another device: some
// file systems (overlay, btrfs) give stat(2) a number of their own.
func (s unixSight) match() (bound string, named bool) {
	for _, c := range s.sockets {
		if !c.Accepting {
			continue
		}
		file, known := s.files[c.Inode]
		known = known && file != fact.FileID{} && s.file != fact.FileID{}
		sameName := c.Path == s.path || c.Path == s.canonical
		switch {
		case known && file == s.file,
			!known && sameName,
			known && sameName && file.Inode == s.file.Inode:
			if c.Type == "datagram" {
				return "bound (datagram)", false
			}
			return "listening (" + c.Type + ")", false
		case sameName && file.Device != s.file.Device:
			named = true
		}
	}
	return "", named
}

func checkSocketPath(path string) error {
	switch {
	case path == "" || path == "@":
		return errors.New("the path is empty")
	case path[0] != '/' && path[0] != '@':
		return fmt.Errorf("%q is not an absolute path, nor a name that begins with @", path)
	case strings.ContainsAny(path, "\n\x00"):
		return errors.New("the path holds a newline or a NUL, which the kernel's list cannot show")
	}
	return nil
}

var unixSockets = &target.Kind[unixFact]{
	Name:  "unix socket",
	Check: checkSocketPath,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: unixScript(names), Show: "/proc/net/unix, ss -xle"}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[unixFact], error) {
		return parseUnix(q, o)
	},
	Read:  target.OneByOne(readUnix),
	Reads: func(path string) string { return "stat " + path + ", /proc/net/unix, sock_diag" },
}

// Listening reports whether the socket accepts connections or, for one of datagrams,
// is bound and not connected. A file that was left behind by a process that has
// ended does not, and neither does a path that is not a socket.
func (s *UnixSocket) Listening() (bool, error) {
	l := NewLook(&s.Base, "Listening")
	f, err := Fact(l, unixSockets, s.Name(), func(f unixFact) (string, string) { return f.found, "" })
	if err != nil || f.listening != fact.Unsure {
		return err == nil && f.listening == fact.Yes, err
	}
	holder, err := Fact(l, unixHolders, s.Name(), func(h unixHolder) (string, string) {
		if h == nobody {
			return leftBehind, ""
		}
		return f.found, ""
	})
	switch {
	case err != nil:
		return false, err
	case holder == nobody:
		return false, nil
	case holder == somebody && f.named:
		return true, nil
	case holder == somebody:
		return false, l.Unknown("a process is bound to it, which belongs to another network namespace (of another container), or is seen here under another name", "install ss (iproute2) on the target, or ask where the process runs")
	}
	return false, l.Unknown("no socket that listens is known by this name; it may have been renamed since, or belong to another network namespace (of another container)",
		"install ss (iproute2) and perl or python3 on the target")
}

// readUnix asks the kernel of this machine.
func readUnix(ctx context.Context, r backends.FileReader, path string) (unixFact, error) {
	kernel, ok := r.(interface {
		FileID(ctx context.Context, path string) (device, inode uint64, err error)
		UnixFiles(ctx context.Context) (map[uint64][2]uint64, error)
	})
	if !ok {
		return unixFact{}, target.ErrAsk
	}
	s := unixSight{path: path, files: map[uint64]fact.FileID{}}
	if path[0] == '/' {
		info, err := r.Stat(ctx, path, true)
		switch {
		case errors.Is(err, fs.ErrPermission):
			s.state = "hidden"
		case errors.Is(err, fs.ErrNotExist):
			s.state = "absent"
		case err != nil:
			return unixFact{}, err
		case info.Mode&0o170000 == 0o140000:
			s.state = "socket"
			device, inode, err := kernel.FileID(ctx, path)
			if err != nil {
				return unixFact{}, err
			}
			s.file = fact.FileID{Device: device, Inode: uint32(inode)}
		default:
			s.state = "other"
		}
	}
	text, err := readFile(ctx, r, "/proc/net/unix")
	if err != nil {
		return unixFact{}, err
	}
	if s.sockets, err = fact.ParseProcNetUnix(text); err != nil {
		return unixFact{}, err
	}
	files, err := kernel.UnixFiles(ctx)
	if err != nil {
		return unixFact{}, target.ErrAsk // then names are all there is
	}
	for socket, f := range files {
		s.files[socket] = fact.FileID{Device: fact.KernelDevice(uint32(f[0])), Inode: uint32(f[1])}
	}
	return s.judge()
}
