package resource

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A UnixSocket is a socket of the target that has a path, or a name in the
// abstract namespace, which begins with "@" (unix(7)).
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
	listening bool
	found     string
}

var unixSockets = &target.Kind[unixFact]{
	Name: "unix socket",
	Check: func(path string) error {
		switch {
		case path == "" || path == "@":
			return errors.New("the path is empty")
		case path[0] != '/' && path[0] != '@':
			return fmt.Errorf("%q is no absolute path, and no name that begins with @", path)
		case strings.ContainsAny(path, "\n\x00"):
			return errors.New("the path holds a newline or a NUL, which the kernel's list cannot show")
		}
		return nil
	},
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		// Two lines for each path: what stands there, and the path without links.
		// Links in the directory of sockets, /var/run, are common in the kernel's
		// list, which holds the path as it was bound.
		script := `for p in ` + backends.Quote(names...) + `; do
if [ -S "$p" ]; then echo socket
elif [ -e "$p" ] || [ -L "$p" ]; then echo other
else case $(ls -d "$p" 2>&1 >/dev/null) in *'Permission denied') echo hidden;; *) echo absent;; esac
fi
r=$(readlink -f "$p" 2>/dev/null); printf '%s\n' "$r"
done
r=$(readlink -f /var/run); printf '%s\n' "$r"
cat /proc/net/unix`
		return []target.Question{{Names: names, Script: script, Show: "/proc/net/unix"}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[unixFact], error) {
		if !o.Status.Success() {
			return nil, fmt.Errorf("the unix sockets cannot be listed: %s", firstWords(o))
		}
		lines := bytes.SplitN(o.Stdout, []byte("\n"), 2*len(q.Names)+2)
		if len(lines) < 2*len(q.Names)+2 {
			return nil, errors.New("the list of unix sockets is not whole")
		}
		list, err := fact.ParseProcNetUnix(lines[len(lines)-1])
		if err != nil {
			return nil, err
		}
		run := string(lines[len(lines)-2])
		for i, s := range list {
			if rest, ok := strings.CutPrefix(s.Path, "/var/run/"); ok && run != "" {
				list[i].Path = run + "/" + rest
			}
		}
		out := map[string]target.Answer[unixFact]{}
		for i, path := range q.Names {
			out[path] = judgeUnix(list, path, string(lines[2*i]), string(lines[2*i+1]))
		}
		return out, nil
	},
}

// judgeUnix puts together what stands at a path and what the kernel lists.
func judgeUnix(list []fact.UnixSocket, path, state, canonical string) target.Answer[unixFact] {
	bound := ""
	for _, s := range list {
		if s.Accepting && (s.Path == path || s.Path == canonical) {
			bound = "listening (" + s.Type + ")"
			if s.Type == "datagram" {
				bound = "bound (datagram)"
			}
		}
	}
	f := unixFact{found: bound}
	switch {
	case path[0] == '@':
		f.listening = bound != ""
		if !f.listening {
			f.found = "not listening"
		}
	case state == "socket":
		f.listening = bound != ""
		if !f.listening {
			f.found = "nothing listens there: the socket was left behind, or belongs to another container"
		}
	case state == "other":
		f.found = "not a socket"
	case state == "absent" && bound != "":
		f.found = "no such file: a socket that still listens was bound there, and then its file was removed"
	case state == "absent":
		f.found = "no such file"
	case state == "hidden":
		return target.Answer[unixFact]{Err: fmt.Errorf("%s may not be looked at: permission denied", path)}
	default:
		return target.Answer[unixFact]{Err: fmt.Errorf("cannot read the answer %q", state)}
	}
	return target.Answer[unixFact]{Fact: f}
}

// Listening tells whether the socket accepts connections or, for one of datagrams,
// is bound and not connected. A file that was left behind by a process that has
// ended does not, and neither does a path that is no socket.
func (s *UnixSocket) Listening() (bool, error) {
	f, err := Ask(&s.Base, "Listening", unixSockets, s.Name(), func(f unixFact) (string, string) { return f.found, "" })
	return f.listening && err == nil, err
}
