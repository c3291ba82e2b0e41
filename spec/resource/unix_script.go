package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// unixScript prints two lines for each path: what stands there, and the path without
// links; then the same of /var/run, which is a link and common in the kernel's list,
// which holds the path as it was bound; then that list and what ss knows beyond it.
func unixScript(names []string) string {
	return `for p in ` + backends.Quote(names...) + `; do
if [ -S "$p" ]; then i=$(stat -L -c '%d %i' "$p" 2>/dev/null); echo "socket $i"
elif [ -e "$p" ] || [ -L "$p" ]; then echo other
else case $(ls -d "$p" 2>&1 >/dev/null) in *'Permission denied') echo hidden;; *) echo absent;; esac
fi
r=$(readlink -f "$p" 2>/dev/null); printf '%s\n' "$r"
done
r=$(readlink -f /var/run); printf '%s\n' "$r"
cat /proc/net/unix || exit
echo; echo SS
if command -v ss >/dev/null; then ss -xle 2>/dev/null; fi
exit 0`
}

func parseUnix(q target.Question, o target.Output) (map[string]target.Answer[unixFact], error) {
	if !o.Status.Success() {
		return nil, fmt.Errorf("the unix sockets cannot be listed: %s", firstWords(o))
	}
	lines := bytes.SplitN(o.Stdout, []byte("\n"), 2*len(q.Names)+2)
	if len(lines) < 2*len(q.Names)+2 {
		return nil, errors.New("the list of unix sockets is not whole")
	}
	table := lines[len(lines)-1]
	// A name may hold what looks like the mark; what follows the last one is ours.
	mark := bytes.LastIndex(table, []byte("\n\nSS\n"))
	if mark < 0 {
		return nil, errors.New("the list of unix sockets is not whole")
	}
	list, err := fact.ParseProcNetUnix(table[:mark])
	if err != nil {
		return nil, err
	}
	files := fact.ParseUnixFiles(table[mark+len("\n\nSS\n"):])
	run := string(lines[len(lines)-2])
	for i, s := range list {
		if rest, ok := strings.CutPrefix(s.Path, "/var/run/"); ok && run != "" {
			list[i].Path = run + "/" + rest
		}
	}
	out := map[string]target.Answer[unixFact]{}
	for i, path := range q.Names {
		s := unixSight{path: path, canonical: string(lines[2*i+1]), sockets: list, files: files}
		id := ""
		s.state, id, _ = strings.Cut(string(lines[2*i]), " ")
		s.file, _ = fact.ParseFileID(id)
		f, err := s.judge()
		out[path] = target.Answer[unixFact]{Fact: f, Err: err}
	}
	return out, nil
}

// unixHolder says whether any process is bound to a socket's file.
type unixHolder string

const (
	nobody   unixHolder = "refused"
	somebody unixHolder = "bound"
	unheard  unixHolder = "" // nothing there can tell
)

// unixHolders asks the kernel whether any process, of whatever network namespace, is
// bound to a socket's file: connecting to it as a socket of datagrams is refused
// where none is. One of another type has the wrong type and hears nothing of it, and
// neither does one of datagrams.
var unixHolders = &target.Kind[unixHolder]{
	Name:  "holder of the unix socket",
	Check: checkSocketPath,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		var out []target.Question
		for _, name := range names {
			out = append(out, target.Question{Names: []string{name}, Show: "connect " + name + ", as a socket of datagrams",
				Script: `p=` + backends.Quote(name) + `
if command -v perl >/dev/null; then exec perl -MSocket -MErrno=ECONNREFUSED,EPROTOTYPE -e '
socket(S, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
if (connect(S, pack_sockaddr_un($ARGV[0])) || $! == EPROTOTYPE) { print "bound\n" }
elsif ($! == ECONNREFUSED) { print "refused\n" } else { die "connect: $!\n" }' "$p"
elif command -v python3 >/dev/null; then exec python3 -c '
import errno, socket, sys
try:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect(sys.argv[1])
    print("bound")
except OSError as e:
    if e.errno not in (errno.EPROTOTYPE, errno.ECONNREFUSED): sys.exit("connect: %s" % e)
    print("bound" if e.errno == errno.EPROTOTYPE else "refused")' "$p"
fi`})
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[unixHolder], error) {
		if len(q.Names[0]) > maxSocketPath {
			return nil, errors.New("the path is longer than connect(2) takes")
		}
		h := unixHolder(bytes.TrimSpace(o.Stdout))
		if !o.Status.Success() || h != nobody && h != somebody && h != unheard {
			return nil, fmt.Errorf("whether a process is bound to the socket cannot be told: %s", firstWords(o))
		}
		return map[string]target.Answer[unixHolder]{q.Names[0]: {Fact: h}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, path string) (unixHolder, error) {
		kernel, ok := r.(interface {
			UnixBound(ctx context.Context, path string) (bool, error)
		})
		if !ok {
			return unheard, target.ErrAsk
		}
		bound, err := kernel.UnixBound(ctx, path)
		if err != nil || !bound {
			return nobody, err
		}
		return somebody, nil
	}),
	Reads: func(path string) string { return "connect " + path + ", as a socket of datagrams" },
}

// maxSocketPath is how long the path of a socket can be (unix(7), sun_path without
// its NUL).
const maxSocketPath = 107
