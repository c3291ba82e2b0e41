package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// checkAccount says what is wrong with a name that no user or group can have.
func checkAccount(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case strings.ContainsAny(name, ":\n\x00/"):
		return fmt.Errorf("%q cannot be the name of a user or group: it holds a colon, a slash, a newline or a NUL byte", name)
	case name[0] == '-' || name[0] == '+' || name[0] == ' ':
		return fmt.Errorf("%q cannot be the name of a user or group: it begins with %q", name, name[:1])
	}
	return nil
}

// number reads a user or group given by its number.
func number(who string) (int, bool) {
	if strings.Trim(who, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(who, 10, 32)
	return int(n), err == nil
}

// lookupScript asks getent(1) for all names, and where some are not there for
// each one, since not every getent goes on after that. It prints entries, some of
// them twice, and of what is not there "absent STATUS NAME". Where there is no getent it prints
// "files" and all of the file. No entry is without a colon.
func lookupScript(database string, names []string) string {
	words := backends.Quote(names...)
	return fmt.Sprintf(`if ! command -v getent >/dev/null; then echo files; cat /etc/%[1]s; `+
		`elif ! getent %[1]s %[2]s; then for n in %[2]s; do getent %[1]s "$n" || echo "absent $? $n"; done; fi`, database, words)
}

// lookupKind asks for entries of passwd or group by name. found makes the fact of
// an entry; of what is not there the zero F is told.
func lookupKind[E, F any](name, database string, parse func([]byte) ([]E, error), nameOf func(E) string, found func(E) F) *target.Kind[F] {
	return &target.Kind[F]{
		Name:  name,
		Check: checkAccount,
		Ask: func(_ target.System, names []string) ([]target.Question, error) {
			return []target.Question{{Names: names, Script: lookupScript(database, names), Show: "getent " + database + " " + backends.Quote(names...)}}, nil
		},
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[F], error) {
			if !o.Status.Success() {
				return nil, fact.ParseErrno(o.Stderr)
			}
			text, _ := bytes.CutPrefix(o.Stdout, []byte("files\n"))
			entries, failed := splitLookup(text)
			all, err := parse(entries)
			if err != nil {
				return nil, err
			}
			out := map[string]target.Answer[F]{}
			for _, name := range q.Names {
				// getent takes a number for an ID, and may not mind the case.
				i := slices.IndexFunc(all, func(e E) bool { return nameOf(e) == name })
				switch {
				case i >= 0:
					out[name] = target.Answer[F]{Fact: found(all[i])}
				case failed[name] != "":
					out[name] = target.Answer[F]{Err: fmt.Errorf("getent %s %s failed with exit %s", database, name, failed[name])}
				default:
					out[name] = target.Answer[F]{}
				}
			}
			return out, nil
		},
		Files: func(target.System, []string) []string { return []string{"/etc/" + database} },
		Offline: func(ctx context.Context, r backends.FileReader, _ target.System, names []string) (map[string]target.Answer[F], error) {
			return lookupOffline(ctx, r, "/etc/"+database, names, parse, nameOf, found)
		},
	}
}

// splitLookup takes what lookupScript says of names that are not there off the
// entries. Exit 2 of getent means that there is none; with any other it is told
// in failed.
func splitLookup(text []byte) (entries []byte, failed map[string]string) {
	failed = map[string]string{}
	for line := range bytes.Lines(text) {
		if bytes.IndexByte(line, ':') >= 0 {
			entries = append(entries, line...)
			continue
		}
		f := strings.SplitN(strings.TrimSuffix(string(line), "\n"), " ", 3)
		if len(f) == 3 && f[0] == "absent" && f[1] != "2" {
			failed[f[2]] = f[1]
		}
	}
	return entries, failed
}

// userFact is a user; the zero value is none.
type userFact struct {
	exists bool
	fact.User
}

func (u userFact) say() (found, near string) {
	if !u.exists {
		return "does not exist", ""
	}
	return fmt.Sprintf("uid %d, gid %d, home %s, shell %s", u.UID, u.GID, orNone(u.Home), orNone(u.Shell)), ""
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// groupFact is a group; the zero value is none.
type groupFact struct {
	exists bool
	fact.Group
}

func (g groupFact) say() (found, near string) {
	if !g.exists {
		return "does not exist", ""
	}
	return fmt.Sprintf("gid %d, members listed: %s", g.GID, shorten(g.Members, 20)), ""
}

var users = lookupKind("user", "passwd",
	func(b []byte) ([]fact.User, error) { return fact.ParsePasswd(bytes.NewReader(b)) },
	func(u fact.User) string { return u.Name },
	func(u fact.User) userFact { return userFact{true, u} })

var groups = lookupKind("group", "group",
	func(b []byte) ([]fact.Group, error) { return fact.ParseGroup(bytes.NewReader(b)) },
	func(g fact.Group) string { return g.Name },
	func(g fact.Group) groupFact { return groupFact{true, g} })

// accountNames finds names by number, empty where there is none. A name of the
// kind is a database and a number: "passwd 1000", "group 33".
var accountNames = &target.Kind[string]{
	Name: "name of",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		var out []target.Question
		for _, database := range []string{"passwd", "group"} {
			var keys, ids []string
			for _, key := range names {
				if d, id, _ := strings.Cut(key, " "); d == database {
					keys, ids = append(keys, key), append(ids, id)
				}
			}
			if keys != nil {
				out = append(out, target.Question{Names: keys, Script: lookupScript(database, ids), Show: "getent " + database + " " + backends.Quote(ids...)})
			}
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[string], error) {
		if !o.Status.Success() {
			return nil, fact.ParseErrno(o.Stderr)
		}
		text, _ := bytes.CutPrefix(o.Stdout, []byte("files\n"))
		entries, failed := splitLookup(text)
		byID := namesByID(entries)
		out := map[string]target.Answer[string]{}
		for _, key := range q.Names {
			database, id, _ := strings.Cut(key, " ")
			if failed[id] != "" {
				out[key] = target.Answer[string]{Err: fmt.Errorf("getent %s %s failed with exit %s", database, id, failed[id])}
				continue
			}
			out[key] = target.Answer[string]{Fact: byID[id]}
		}
		return out, nil
	},
	Files:   func(target.System, []string) []string { return []string{passwd, group} },
	Offline: namesOffline,
}

// namesByID reads names out of entries of passwd(5) or group(5): in both the third
// field is the number, and the first line counts.
func namesByID(entries []byte) map[string]string {
	byID := map[string]string{}
	for line := range bytes.Lines(entries) {
		if f := strings.SplitN(string(line), ":", 4); len(f) == 4 && byID[f[2]] == "" {
			byID[f[2]] = f[0]
		}
	}
	return byID
}

// systemAccounts reads login.defs(5) out of its content.
func systemAccounts(c fileContent) (fact.LoginDefs, error) {
	if c.exists && (!c.IsRegular() || c.big) {
		return fact.LoginDefs{}, fmt.Errorf("%s is a %s of %d bytes", loginDefs, c.Type(), c.Size)
	}
	return fact.ParseLoginDefs(bytes.NewReader(c.data))
}

const loginDefs = "/etc/login.defs"
