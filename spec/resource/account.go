package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
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
	case strings.ContainsAny(name[:1], "-+ \t\v\f\r"):
		return fmt.Errorf("%q cannot be the name of a user or group: it begins with %q", name, name[:1])
	}
	return nil
}

// isDigits reports whether a checked name is one that tools may take for a number.
func isDigits(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// number reads a user or group given by its number.
func number(who string) (int, bool) {
	if !isDigits(who) {
		return 0, false
	}
	n, err := strconv.ParseUint(who, 10, 32)
	return int(n), err == nil
}

// An account is a user or group as authors give it.
type account struct {
	name string // may be one of digits
	id   int
	byID bool // the number is given
}

func byName(name string) account { return account{name: name} }

func byID(id int) account { return account{id: id, byID: true} }

func (a account) check() error {
	switch {
	case !a.byID:
		return checkAccount(a.name)
	case a.id < 0 || int64(a.id) > math.MaxUint32:
		return fmt.Errorf("%d is not a valid number of a user or group", a.id)
	}
	return nil
}

// wants are the facts of a kind that its number takes.
func (a account) wants(k interface{ Of(string) target.Want }) []target.Want {
	if a.byID {
		return nil
	}
	return []target.Want{k.Of(a.name)}
}

// uid is the number of a user. Where nobody has the name known is false, except of
// digits, which are a number then.
func (a account) uid(l *Look) (id int, known bool, e evidence.Evidence, err error) {
	return resolve(l, a, users, func(u userFact) (int, bool) { return u.UID, u.exists })
}

// gid is uid of a group.
func (a account) gid(l *Look) (id int, known bool, e evidence.Evidence, err error) {
	return resolve(l, a, groups, func(g groupFact) (int, bool) { return g.GID, g.exists })
}

func resolve[F any](l *Look, a account, k *target.Kind[F], idOf func(F) (int, bool)) (id int, known bool, e evidence.Evidence, err error) {
	if a.byID {
		return a.id, true, e, nil
	}
	f, e, err := Peek(l, k, a.name)
	if id, known = number(a.name); known && errors.Is(err, fs.ErrNotExist) {
		return id, true, e, nil // where there are no accounts nobody has that name
	}
	if err != nil {
		return 0, false, e, err
	}
	if i, exists := idOf(f); exists {
		return i, true, e, nil
	}
	return id, known, e, nil
}

// lookupKind asks for entries of passwd or group by name, or by number where no name
// is spelled so. found makes the fact of an entry; of what is not there the zero F is
// told.
func lookupKind[E, F any](name string, db database[E], found func(E) F) *target.Kind[F] {
	answer := func(e E, ok bool) target.Answer[F] {
		if !ok {
			return target.Answer[F]{}
		}
		return target.Answer[F]{Fact: found(e)}
	}
	return &target.Kind[F]{
		Name:  name,
		Check: checkAccount,
		Ask:   func(_ target.System, names []string) ([]target.Question, error) { return db.ask(names), nil },
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[F], error) {
			if !o.Status.Success() {
				return nil, fact.ParseErrno(o.Stderr)
			}
			l, err := parseLookup(o.Stdout)
			if err != nil {
				return nil, err
			}
			out := map[string]target.Answer[F]{}
			for i, name := range q.Names {
				e, ok, err := db.choose(l, i, len(q.Names), name)
				if out[name] = answer(e, ok); err != nil {
					out[name] = target.Answer[F]{Err: fmt.Errorf("getent %s %s: %w", db.name, name, err)}
				}
			}
			return out, nil
		},
		Read: func(ctx context.Context, r backends.FileReader, sys target.System, names []string) (map[string]target.Answer[F], error) {
			all, err := db.read(ctx, r, sys)
			if err != nil {
				return nil, err
			}
			out := make(map[string]target.Answer[F], len(names))
			for _, name := range names {
				e, ok := db.find(all, name)
				if out[name] = answer(e, ok); sys.NoProcess == nil && (!ok || isDigits(name)) {
					out[name] = target.Answer[F]{Err: target.ErrAsk} // somebody else may know
				}
			}
			return out, nil
		},
		Reads: func(string) string { return "read " + db.file() },
		Files: func(target.System, []string) []string { return []string{db.file()} },
	}
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

var passwdDatabase = database[fact.User]{
	name:   "passwd",
	parse:  func(b []byte) ([]fact.User, error) { return fact.ParsePasswd(bytes.NewReader(b)) },
	nameOf: func(u fact.User) string { return u.Name },
	idOf:   func(u fact.User) int { return u.UID },
}

var groupDatabase = database[fact.Group]{
	name:   "group",
	parse:  func(b []byte) ([]fact.Group, error) { return fact.ParseGroup(bytes.NewReader(b)) },
	nameOf: func(g fact.Group) string { return g.Name },
	idOf:   func(g fact.Group) int { return g.GID },
}

var (
	users  = lookupKind("user", passwdDatabase, func(u fact.User) userFact { return userFact{true, u} })
	groups = lookupKind("group", groupDatabase, func(g fact.Group) groupFact { return groupFact{true, g} })
)

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
				out = append(out, target.Question{Names: keys, Script: lookupScript(database, ids), Stateless: true, Show: "getent " + database + " " + backends.Quote(ids...)})
			}
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[string], error) {
		if !o.Status.Success() {
			return nil, fact.ParseErrno(o.Stderr)
		}
		l, err := parseLookup(o.Stdout)
		if err != nil {
			return nil, err
		}
		out := map[string]target.Answer[string]{}
		for i, key := range q.Names {
			database, id, _ := strings.Cut(key, " ")
			entry, err := l.entry(i, len(q.Names))
			switch {
			case l.files:
				out[key] = target.Answer[string]{Fact: nameByID(database, l.text, id)}
			case err != nil:
				out[key] = target.Answer[string]{Err: fmt.Errorf("getent %s %s: %w", database, id, err)}
			default:
				out[key] = target.Answer[string]{Fact: nameByID(database, entry, id)}
			}
		}
		return out, nil
	},
	Read:  offline(namesOffline),
	Reads: func(key string) string { database, _, _ := strings.Cut(key, " "); return "read /etc/" + database },
	Files: func(target.System, []string) []string { return []string{passwd, group} },
}

// nameByID is the first name with a number in the text of a database.
func nameByID(database string, text []byte, id string) string {
	n, ok := number(id)
	if !ok {
		return ""
	}
	if database == "passwd" {
		return passwdDatabase.nameOfID(text, n)
	}
	return groupDatabase.nameOfID(text, n)
}

// systemAccounts reads login.defs(5) out of its content.
func systemAccounts(c fileContent) (fact.LoginDefs, error) {
	if c.exists && (!c.IsRegular() || c.big) {
		return fact.LoginDefs{}, fmt.Errorf("%s is a %s of %d bytes", loginDefs, c.Type(), c.Size)
	}
	return fact.ParseLoginDefs(bytes.NewReader(c.data))
}

const loginDefs = "/etc/login.defs"
