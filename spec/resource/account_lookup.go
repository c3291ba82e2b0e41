package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A database is one of the name service's, with entries E: passwd or group.
type database[E any] struct {
	name   string
	parse  func([]byte) ([]E, error)
	nameOf func(E) string
	idOf   func(E) int
}

// file is where the target's own entries stand.
func (d database[E]) file() string { return "/etc/" + d.name }

// find returns the entry of a name, or of a number that is not a name.
func (d database[E]) find(all []E, name string) (e E, ok bool) {
	i := slices.IndexFunc(all, func(e E) bool { return d.nameOf(e) == name })
	if id, digits := number(name); i < 0 && digits {
		i = slices.IndexFunc(all, func(e E) bool { return d.idOf(e) == id })
	}
	if i < 0 {
		return e, false
	}
	return all[i], true
}

// nameOfID is the first name with a number, or empty.
func (d database[E]) nameOfID(text []byte, id int) string {
	all, err := d.parse(text)
	i := slices.IndexFunc(all, func(e E) bool { return d.idOf(e) == id })
	if err != nil || i < 0 {
		return ""
	}
	return d.nameOf(all[i])
}

func (d database[E]) readAll(ctx context.Context, r backends.FileReader) ([]E, error) {
	text, err := readWhole(ctx, r, d.file())
	if err != nil {
		return nil, err
	}
	return d.parse(text)
}

// read returns the entries of the file where the name service would look there first and
// is content with what it finds (nsswitch.conf(5)), or where there is nobody to ask it.
// Everything else is ErrAsk.
func (d database[E]) read(ctx context.Context, r backends.FileReader, sys target.System) ([]E, error) {
	if sys.NoProcess != nil {
		return d.readAll(ctx, r)
	}
	services, err := readWhole(ctx, r, "/etc/nsswitch.conf")
	if err != nil || !fact.FilesFirst(services, d.name) {
		return nil, target.ErrAsk
	}
	all, err := d.readAll(ctx, r)
	if err != nil {
		return nil, target.ErrAsk
	}
	return all, nil
}

// ask composes the questions about names. Those of digits alone are asked on their
// own, since getent(1) takes them for numbers.
func (d database[E]) ask(names []string) []target.Question {
	var plain, digits target.Question
	for _, name := range names {
		q := &plain
		if isDigits(name) {
			q = &digits
		}
		q.Names = append(q.Names, name)
	}
	var out []target.Question
	if plain.Names != nil {
		plain.Script, plain.Stateless = lookupScript(d.name, plain.Names), true
		out = append(out, plain)
	}
	if digits.Names != nil {
		digits.Script = digitsScript(d.name, digits.Names)
		out = append(out, digits)
	}
	for i := range out {
		out[i].Show = "getent " + d.name + " " + backends.Quote(out[i].Names...)
	}
	return out
}

// choose returns the entry of the i-th of n names that were asked about.
func (d database[E]) choose(l lookup, i, n int, name string) (e E, ok bool, err error) {
	all, err := d.parse(l.text)
	if err != nil {
		return e, false, err
	}
	if l.files {
		e, ok = d.find(all, name)
		return e, ok, nil
	}
	if j := slices.IndexFunc(all, func(e E) bool { return d.nameOf(e) == name }); j >= 0 {
		return all[j], true, nil
	}
	id, isNumber := number(name)
	if isDigits(name) && !isNumber {
		return e, false, nil // getent would take a part of it for a number
	}
	text, err := l.entry(i, n)
	if err != nil || len(text) == 0 {
		return e, false, err
	}
	// What was found for just this name counts, however it is spelled there.
	if all, err = d.parse(text); err == nil && len(all) != 1 {
		err = fmt.Errorf("it answered with %.80q, which is not an entry", text)
	}
	if err != nil {
		return e, false, err
	}
	if isNumber && d.nameOf(all[0]) != name && d.idOf(all[0]) != id {
		return e, false, fmt.Errorf("it is the name of an account that shares its number, %d, with %q, and only that one's entry is told", d.idOf(all[0]), d.nameOf(all[0]))
	}
	return all[0], true, nil
}

// lookupScript asks getent(1) for all names, and where not all were found for each
// one, since not every getent goes on after that. Where there is no getent it prints
// "files" and all of the file; else "all" and the entries in the order of the names,
// which "each" takes back, after which come for each name what there is and "exit
// STATUS". It is Stateless.
func lookupScript(database string, names []string) string {
	return fmt.Sprintf(`set -- %[2]s
if ! command -v getent >/dev/null; then echo files; cat /etc/%[1]s
elif echo all && getent %[1]s "$@"; then :
else echo each; while [ $# -gt 0 ]; do getent %[1]s "$1"; echo "exit $?"; shift; done; fi`, database, backends.Quote(names...))
}

// digitsScript is lookupScript for names of digits. Entries whose names are these
// stand before "each", those of the system's own files first; what follows goes by
// number. For accounts that is the number that id(1) tells, which looks for a name
// first, so that names count which cannot be listed.
func digitsScript(database string, names []string) string {
	id := ""
	if database == "passwd" {
		id = `u=$(id -u "$n" 2>/dev/null); case $u in ''|*[!0-9]*) u=$n;; esac; `
	}
	return fmt.Sprintf(`if ! command -v getent >/dev/null; then echo files; cat /etc/%[1]s; exit; fi
{ cat /etc/%[1]s; getent %[1]s; } 2>/dev/null | grep -E '^(%[2]s):'
echo each; for n in %[3]s; do u=$n; %[4]sgetent %[1]s "$u"; echo "exit $?"; done`, database, strings.Join(names, "|"), strings.Join(names, " "), id)
}

// A lookup is what lookupScript or digitsScript printed.
type lookup struct {
	// files says that text is the whole file; else it is the entries that stand
	// for themselves.
	files bool
	text  []byte
	// found says that there is something for each name, and all are the entries by
	// position.
	found bool
	all   [][]byte
	// each is what was printed for each name, and exits how getent ended.
	each  [][]byte
	exits []int
}

var exitLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^exit ([0-9]{1,3})\n$`) })

// parseLookup reads what lookupScript or digitsScript printed.
func parseLookup(stdout []byte) (lookup, error) {
	if text, ok := bytes.CutPrefix(stdout, []byte("files\n")); ok {
		return lookup{files: true, text: text}, nil
	}
	if text, ok := bytes.CutPrefix(stdout, []byte("all\n")); ok {
		if !bytes.Contains(stdout, []byte("\neach\n")) {
			return lookup{found: true, all: slices.Collect(bytes.Lines(text))}, nil
		}
		stdout = text
	}
	text, rest, ok := bytes.Cut(append([]byte("\n"), stdout...), []byte("\neach\n"))
	if !ok {
		return lookup{}, fmt.Errorf("getent: cannot read %.80q", stdout)
	}
	l := lookup{text: bytes.TrimPrefix(text, []byte("\n"))}
	var block []byte
	for line := range bytes.Lines(rest) {
		m := exitLine().FindSubmatch(line)
		if m == nil {
			block = append(block, line...)
			continue
		}
		exit, err := strconv.Atoi(string(m[1]))
		if err != nil {
			return lookup{}, err
		}
		l.each, l.exits, block = append(l.each, block), append(l.exits, exit), nil
	}
	return l, nil
}

// entry is what was found for the i-th of n names, empty where there is nothing.
// Exit 2 of getent means that; any other is an error.
func (l lookup) entry(i, n int) ([]byte, error) {
	switch {
	case l.found && len(l.all) == n:
		return l.all[i], nil
	case l.found && n > 1:
		return nil, target.ErrLater // whose entry is whose?
	case l.found && len(l.all) > 0:
		return bytes.Join(l.all, nil), nil
	case l.found:
		return nil, errors.New("it found something and did not print it")
	case len(l.each) != n:
		return nil, errors.New("it did not answer about each name")
	case l.exits[i] == 0 && len(l.each[i]) == 0:
		return nil, errors.New("it found something and did not print it")
	case l.exits[i] == 0:
		return l.each[i], nil
	case l.exits[i] == 2:
		return nil, nil
	}
	return nil, fmt.Errorf("it failed with exit %d", l.exits[i])
}
