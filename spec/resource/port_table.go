package resource

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// socketTable is all sockets of a target that take what comes from the network.
type socketTable struct {
	sockets []fact.Socket
	// v6only tells of IPv6 sockets, by inode, whether they leave IPv4 alone. Of
	// those that are missing it is not known.
	v6only map[uint64]bool
	// owners are the PIDs that hold a socket, as far as they may be seen.
	owners map[uint64][]int
}

var protocols = []string{"tcp", "tcp6", "udp", "udp6"}

// socketScript prints what takes what comes from the tables of sockets, what ss knows
// beyond them, and who holds which socket. Where IPv6 is off, two of the tables are
// not there. Connections, of which a busy target has many thousands, stay there. ss is
// asked only where a socket takes what comes to any address of IPv6: of others it knows
// nothing more.
const socketScript = `t=$(grep -HE '` + fact.ProcNetPattern + `' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6)
s=$?; [ $s -le 2 ] || exit $s
[ -z "$t" ] || echo "$t"
echo; echo SS
case $t in *": 00000000000000000000000000000000:"*) if command -v ss >/dev/null; then ss -tul6ne 2>/dev/null; fi;; esac
echo; echo OWNERS
` + listLinks + ` /proc/[0-9]*/fd /proc/self/fd 2>/dev/null | grep -E '^"?/proc/|socket:'
exit 0`

var sockets = &target.Kind[socketTable]{
	Name: "socket table",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: socketScript, Show: "/proc/net/{tcp,tcp6,udp,udp6}, ss, /proc/[0-9]*/fd"}}, nil
	},
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[socketTable], error) {
		t, err := parseSockets(fact.ByteOrder(sys.Machine), o)
		if err != nil {
			return nil, err
		}
		return map[string]target.Answer[socketTable]{q.Names[0]: {Fact: t}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, _ string) (socketTable, error) {
		return readSockets(ctx, r)
	}),
	Reads: func(string) string { return "/proc/net/{tcp,tcp6,udp,udp6}, sock_diag, /proc/[0-9]*/fd" },
}

func parseSockets(order binary.ByteOrder, o target.Output) (socketTable, error) {
	var none socketTable
	if !o.Status.Success() {
		return none, fmt.Errorf("the sockets cannot be listed: %s", firstWords(o))
	}
	tables, rest, ok := bytes.Cut(o.Stdout, []byte("\nSS\n"))
	ss, owners, ok2 := bytes.Cut(rest, []byte("\nOWNERS\n"))
	if !ok || !ok2 {
		return none, errors.New("the list of sockets is not whole")
	}
	t := socketTable{v6only: fact.ParseV6Only(ss), owners: fact.ParseSocketOwners(owners)}
	text := map[string][]byte{}
	for line := range bytes.Lines(tables) {
		name, rest, ok := bytes.Cut(line, []byte(":"))
		protocol, below := strings.CutPrefix(string(name), "/proc/net/")
		if !ok || !below {
			return none, fmt.Errorf("want a line of a table of sockets, got %.200q", line)
		}
		text[protocol] = append(text[protocol], rest...)
	}
	for _, protocol := range protocols {
		if text[protocol] == nil && protocol != "tcp" {
			continue
		}
		list, err := fact.ParseProcNet(text[protocol], protocol, order)
		if err != nil {
			return none, err
		}
		t.sockets = append(t.sockets, list...)
	}
	return t, nil
}

// readSockets looks at /proc by reading files, and asks the kernel of this machine
// for what does not stand there.
func readSockets(ctx context.Context, r backends.FileReader) (socketTable, error) {
	t := socketTable{owners: map[uint64][]int{}}
	for _, protocol := range protocols {
		text, err := readFile(ctx, r, "/proc/net/"+protocol)
		if errors.Is(err, fs.ErrNotExist) && protocol != "tcp" {
			continue
		}
		if err != nil {
			return t, err
		}
		list, err := fact.ParseProcNet(text, protocol, binary.NativeEndian)
		if err != nil {
			return t, err
		}
		t.sockets = append(t.sockets, list...)
	}
	diag, ok := r.(interface {
		V6Only(ctx context.Context) (map[uint64]bool, error)
	})
	if !ok {
		return t, target.ErrAsk
	}
	// A kernel that does not answer leaves open what only it knows.
	t.v6only, _ = diag.V6Only(ctx)
	if len(t.sockets) == 0 {
		return t, nil
	}
	return t, readOwners(ctx, r, t.owners)
}

func readOwners(ctx context.Context, r backends.FileReader, owners map[uint64][]int) error {
	names, err := r.ReadDir(ctx, "/proc")
	if err != nil {
		return err
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		dir := "/proc/" + name + "/fd/"
		fds, err := r.ReadDir(ctx, dir)
		if gone(err) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return err
		}
		held := map[uint64]bool{}
		for _, fd := range fds {
			link, err := r.ReadLink(ctx, dir+fd)
			if err != nil {
				continue // closed meanwhile
			}
			if inode, ok := fact.SocketInode(link); ok {
				held[inode] = true
			}
		}
		for inode := range held {
			owners[inode] = append(owners[inode], pid)
		}
	}
	return nil
}
