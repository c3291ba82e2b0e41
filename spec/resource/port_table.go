package resource

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

var protocols = []string{"tcp", "tcp6", "udp", "udp6"}

// sockets are all sockets of a target that take what comes from the network. Connections,
// of which a busy target has many thousands, stay there. Where IPv6 is off, two of the
// tables are not there.
var sockets = &target.Kind[[]fact.Socket]{
	Name: "socket table",
	Ask:  tableOf(`grep -HE '`+fact.ProcNetPattern+`' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6`, "/proc/net/{tcp,tcp6,udp,udp6}"),
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[[]fact.Socket], error) {
		list, err := parseSockets(fact.ByteOrder(sys.Machine), o)
		return map[string]target.Answer[[]fact.Socket]{q.Names[0]: {Fact: list, Err: err}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, _ string) ([]fact.Socket, error) {
		return readSockets(ctx, r)
	}),
	Reads: func(string) string { return "/proc/net/{tcp,tcp6,udp,udp6}" },
}

// v6only tells of IPv6 sockets, by inode, whether they leave IPv4 alone. Of those that
// are missing it is not known. ss is asked only where a socket takes what comes to any
// address of IPv6: of others it knows nothing that matters.
var v6only = &target.Kind[map[uint64]bool]{
	Name: "list of sockets of IPv6 alone",
	Ask:  tableOf(v6onlyScript, "ss -tul6ne"),
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[map[uint64]bool], error) {
		return map[string]target.Answer[map[uint64]bool]{q.Names[0]: {Fact: fact.ParseV6Only(o.Stdout)}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, _ string) (map[uint64]bool, error) {
		diag, ok := r.(interface {
			V6Only(ctx context.Context) (map[uint64]bool, error)
		})
		if !ok {
			return nil, target.ErrAsk
		}
		// A kernel that does not answer leaves open what only it knows.
		only, _ := diag.V6Only(ctx)
		return only, nil
	}),
	Reads: func(string) string { return "sock_diag" },
}

const v6onlyScript = `grep -qE '` + fact.ProcNetAnyV6Pattern + `' /proc/net/tcp6 /proc/net/udp6 2>/dev/null && command -v ss >/dev/null && ss -tul6ne 2>/dev/null || :`

// socketOwners are the PIDs that hold a socket, by its inode, as far as they may be seen.
var socketOwners = &target.Kind[map[uint64][]int]{
	Name: "list of the owners of sockets",
	Ask:  tableOf(listLinks+` /proc/[0-9]*/fd /proc/self/fd 2>/dev/null | grep -E '^"?/proc/|socket:'`, "/proc/[0-9]*/fd"),
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[map[uint64][]int], error) {
		if !o.Status.Success() {
			return nil, fmt.Errorf("the owners of sockets cannot be listed: %s", firstWords(o))
		}
		return map[string]target.Answer[map[uint64][]int]{q.Names[0]: {Fact: fact.ParseSocketOwners(o.Stdout)}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, _ string) (map[uint64][]int, error) {
		owners := map[uint64][]int{}
		return owners, readOwners(ctx, r, owners)
	}),
	Reads: func(string) string { return "/proc/[0-9]*/fd" },
}

// tableOf asks about everything at once by one script that is Stateless.
func tableOf(script, show string) func(target.System, []string) ([]target.Question, error) {
	return func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: script, Show: show, Stateless: true}}, nil
	}
}

// parseSockets reads what grep -H has found in the tables. One that is not there is that
// of a protocol that is off.
func parseSockets(order binary.ByteOrder, o target.Output) ([]fact.Socket, error) {
	missing := map[string]bool{}
	for line := range strings.Lines(string(o.Stderr)) {
		protocol, ok := strings.CutPrefix(strings.TrimSuffix(line, ": No such file or directory\n"), "grep: /proc/net/")
		if !ok || !slices.Contains(protocols, protocol) {
			return nil, fmt.Errorf("the sockets cannot be listed: %s", firstWords(o))
		}
		missing[protocol] = true
	}
	text := map[string][]byte{}
	for line := range bytes.Lines(o.Stdout) {
		name, rest, ok := bytes.Cut(line, []byte(":"))
		protocol, below := strings.CutPrefix(string(name), "/proc/net/")
		if !ok || !below {
			return nil, fmt.Errorf("want a line of a table of sockets, got %.200q", line)
		}
		text[protocol] = append(text[protocol], rest...)
	}
	var out []fact.Socket
	for _, protocol := range protocols {
		if missing[protocol] && text[protocol] == nil && protocol != "tcp" {
			continue
		}
		list, err := fact.ParseProcNet(text[protocol], protocol, order)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// readSockets looks at /proc by reading files.
func readSockets(ctx context.Context, r backends.FileReader) ([]fact.Socket, error) {
	var out []fact.Socket
	for _, protocol := range protocols {
		text, err := readFile(ctx, r, "/proc/net/"+protocol)
		if errors.Is(err, fs.ErrNotExist) && protocol != "tcp" {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := fact.ParseProcNet(text, protocol, binary.NativeEndian)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
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
