package resource

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A User is an account of the target, by name. Whatever the target's own name
// service knows counts (getent(1)), so LDAP and SSSD do; where there is no getent,
// it is what stands in /etc/passwd. What it gives for just this name counts in
// whatever spelling it comes. As for chown(1), a name of digits is the number of an
// account only if no account has that name.
type User struct{ Base[User] }

// NewUser makes a User.
func NewUser(a Asker, name string) *User {
	u := &User{}
	u.Base = New(a, "User", name, u)
	return u
}

// Exists reports whether there is such a user.
func (u *User) Exists() (bool, error) {
	f, err := Ask(&u.Base, "Exists", users, u.Name(), userFact.say)
	return f.exists, err
}

// entry answers a question about an attribute.
func (u *User) entry(question string) (userFact, error) {
	return u.entryBy(NewLook(&u.Base, question))
}

func (u *User) entryBy(l *Look) (userFact, error) {
	f, err := Fact(l, users, u.Name(), userFact.say)
	if err == nil && !f.exists {
		err = l.Missing()
	}
	return f, err
}

// UID is the user's number.
func (u *User) UID() (int, error) {
	f, err := u.entry("UID")
	return f.UID, err
}

// GID is the number of the user's primary group.
func (u *User) GID() (int, error) {
	f, err := u.entry("GID")
	return f.GID, err
}

// Home is the user's home directory, as it is written in passwd(5).
func (u *User) Home() (string, error) {
	f, err := u.entry("Home")
	return f.Home, err
}

// Shell is the user's login shell, as it is written in passwd(5): empty means
// /bin/sh there.
func (u *User) Shell() (string, error) {
	f, err := u.entry("Shell")
	return f.Shell, err
}

// Gecos is the comment field of passwd(5), with its commas: a full name and what
// people add to it.
func (u *User) Gecos() (string, error) {
	f, err := u.entry("Gecos")
	return f.Gecos, err
}

// IsSystemUser reports whether the user's number is one of those that the target's
// /etc/login.defs keeps for the system: at most SYS_UID_MAX, which is one less
// than UID_MIN where it is not set, and 999 where neither is.
func (u *User) IsSystemUser() (bool, error) {
	l := NewLook(&u.Base, "IsSystemUser", users.Of(u.Name()), fileContents.Of(loginDefs))
	f, err := u.entryBy(l)
	if err != nil {
		return false, err
	}
	d, e, err := askLoginDefs(l)
	e.Found = fmt.Sprintf("uid %d; users of the system have at most %d", f.UID, d.SystemUIDMax)
	return f.UID <= d.SystemUIDMax, l.Answer(e, err)
}

func askLoginDefs(l *Look) (fact.LoginDefs, evidence.Evidence, error) {
	c, e, err := Peek(l, fileContents, loginDefs)
	if err != nil {
		return fact.LoginDefs{}, e, err
	}
	d, err := systemAccounts(c)
	return d, e, err
}

// memberships are the groups of one user as the system would give them to him.
type memberships struct {
	gids []int
	// names are those of gids, where it is certain which is whose.
	names []string
}

func (m memberships) say() string {
	if m.names != nil {
		return "groups " + strings.Join(m.names, ", ")
	}
	var ids []string
	for _, id := range m.gids {
		ids = append(ids, strconv.Itoa(id))
	}
	return "groups " + strings.Join(ids, ", ")
}

// userGroups holds the groups of users, the primary one first. id(1) asks the
// name service for them as login(1) does, so that groups count which cannot be
// listed. For each name the script prints the status and numbers, then the names of
// the groups, and then a colon, which no name holds.
var userGroups = &target.Kind[memberships]{
	Name:  "groups of user",
	Check: checkAccount,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{
			Names:  names,
			Script: fmt.Sprintf(`for n in %s; do g=$(id -G "$n"); echo "$? $g"; id -Gn "$n" 2>/dev/null; echo :; done`, backends.Quote(names...)),
			Show:   "id -G " + backends.Quote(names...),
		}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[memberships], error) {
		blocks := strings.Split(string(o.Stdout), "\n:\n")
		if len(blocks) != len(q.Names)+1 || blocks[len(q.Names)] != "" {
			return nil, fmt.Errorf("id: cannot read %.200q", o.Stdout)
		}
		out := map[string]target.Answer[memberships]{}
		for i, name := range q.Names {
			ids, names, _ := strings.Cut(blocks[i], "\n")
			code, ids, ok := strings.Cut(ids, " ")
			switch {
			case !ok:
				out[name] = target.Answer[memberships]{Err: fmt.Errorf("id: cannot read %.200q", blocks[i])}
			case code != "0":
				out[name] = target.Answer[memberships]{Err: fmt.Errorf("id -G %s: exit %s: %w", name, code, fact.ParseErrno(o.Stderr))}
			default:
				m, err := parseMemberships(ids, names)
				out[name] = target.Answer[memberships]{Fact: m, Err: err}
			}
		}
		return out, nil
	},
	Read:  offline(membershipsOffline),
	Reads: func(string) string { return "read " + passwd + " " + group },
	Files: func(target.System, []string) []string { return []string{passwd, group} },
}

func parseMemberships(gids, names string) (memberships, error) {
	var m memberships
	for _, word := range strings.Fields(gids) {
		id, ok := number(word)
		if !ok {
			return m, fmt.Errorf("id: %.80q is not the number of a group", word)
		}
		m.gids = append(m.gids, id)
	}
	// Names may hold blanks; then there are more words than groups.
	if words := strings.Fields(names); len(words) == len(m.gids) {
		m.names = words
	}
	return m, nil
}

// Groups are the names of all groups of the user, the primary one first; of a
// group without a name it is the number.
func (u *User) Groups() ([]string, error) {
	l := NewLook(&u.Base, "Groups", users.Of(u.Name()), userGroups.Of(u.Name()))
	f, err := u.entryBy(l)
	if err != nil {
		return nil, err
	}
	m, err := Fact(l, userGroups, f.Name, func(m memberships) (found, near string) { return m.say(), "" })
	if err != nil || m.names != nil {
		return slices.Clone(m.names), err
	}
	var names []string
	var wants []target.Want
	for _, id := range m.gids {
		wants = append(wants, accountNames.Of("group "+strconv.Itoa(id)))
	}
	if err := l.Together(wants...); err != nil {
		return nil, err
	}
	for i, id := range m.gids {
		name, e, err := Peek(l, accountNames, wants[i].Name)
		if err != nil {
			return nil, l.Answer(e, err)
		}
		if name == "" {
			name = strconv.Itoa(id)
		}
		names = append(names, name)
	}
	return names, nil
}

// BelongsToGroup reports whether the user is in a group, given by its name. As for
// chown(1), digits are the number of a group only if no group has that name. The
// primary group counts.
func (u *User) BelongsToGroup(group string) (bool, error) {
	return u.belongs("BelongsToGroup", byName(group), inGroup)
}

// BelongsToGroupID is BelongsToGroup by number.
func (u *User) BelongsToGroupID(gid int) (bool, error) {
	return u.belongs("BelongsToGroup", byID(gid), inGroup)
}

func inGroup(_ userFact, m memberships, gid int) (bool, string) {
	return slices.Contains(m.gids, gid), m.say()
}

// BelongsToPrimaryGroup reports whether a group, given by its name, is the user's
// primary one. As for chown(1), digits are the number of a group only if no group has
// that name.
func (u *User) BelongsToPrimaryGroup(group string) (bool, error) {
	return u.belongs("BelongsToPrimaryGroup", byName(group), isPrimaryGroup)
}

// BelongsToPrimaryGroupID is BelongsToPrimaryGroup by number.
func (u *User) BelongsToPrimaryGroupID(gid int) (bool, error) {
	return u.belongs("BelongsToPrimaryGroup", byID(gid), isPrimaryGroup)
}

func isPrimaryGroup(f userFact, m memberships, gid int) (bool, string) {
	found := "primary group " + strconv.Itoa(f.GID)
	if m.names != nil && m.gids[0] == f.GID {
		found = "primary group " + m.names[0]
	}
	return f.GID == gid, found
}

func (u *User) belongs(question string, group account, judge func(userFact, memberships, int) (bool, string)) (bool, error) {
	if err := group.check(); err != nil {
		return false, Refuse(&u.Base, err)
	}
	l := NewLook(&u.Base, question, append(group.wants(groups), users.Of(u.Name()), userGroups.Of(u.Name()))...)
	f, err := u.entryBy(l)
	if err != nil {
		return false, err
	}
	gid, known, e, err := group.gid(l)
	if err != nil {
		return false, l.Answer(e, err)
	}
	m, e, err := Peek(l, userGroups, f.Name)
	if err != nil {
		return false, l.Answer(e, err)
	}
	ok, found := judge(f, m, gid)
	e.Found = found
	if !known {
		ok, e.Near = false, fmt.Sprintf("there is no group %q", group.name)
	}
	return ok, l.Answer(e, nil)
}

// authorizedKeysFiles are where sshd looks for keys unless it is told otherwise,
// sshd_config(5), below the home directory.
var authorizedKeysFiles = []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}

// HasAuthorizedKey reports whether the user's authorized_keys files hold a public
// key, which is given as a .pub file has it. Type and key count, comments and the
// options before a key do not. A key of a certificate authority is none. Where
// sshd is told to look elsewhere (AuthorizedKeysFile) is not looked.
func (u *User) HasAuthorizedKey(key string) (bool, error) {
	wanted, err := fact.ParseAuthorizedKey(key)
	if err != nil {
		return false, Refuse(&u.Base, err)
	}
	l := NewLook(&u.Base, "HasAuthorizedKey")
	f, err := u.entryBy(l)
	if err != nil {
		return false, err
	}
	if !strings.HasPrefix(f.Home, "/") {
		return false, l.Unknown(fmt.Sprintf("the home directory %q is not an absolute path", f.Home), "")
	}
	var wants []target.Want
	for _, name := range authorizedKeysFiles {
		wants = append(wants, fileContents.Of(path.Join(f.Home, name)))
	}
	if err := l.Together(wants...); err != nil {
		return false, err
	}
	var last evidence.Evidence
	var seen []string
	for _, w := range wants {
		c, e, err := Peek(l, fileContents, w.Name)
		if err != nil {
			return false, l.Answer(e, err)
		}
		if last.Asked == "" || c.exists {
			last = e
		}
		found, keys, err := findKey(c, wanted)
		if err != nil {
			return false, l.Answer(e, fmt.Errorf("%s: %w", w.Name, err))
		}
		if found != "" {
			e.Found = found
			return true, l.Answer(e, nil)
		}
		seen = append(seen, keys...)
	}
	last.Found = "no such key"
	last.Near = "keys there: " + shorten(seen, 5)
	return false, l.Answer(last, nil)
}

// findKey looks for a key in the content of a file; keys are short names of the
// others there.
func findKey(c fileContent, wanted fact.AuthorizedKey) (found string, keys []string, err error) {
	switch {
	case !c.exists:
		return "", nil, nil
	case !c.IsRegular():
		return "", nil, errors.New("it is a " + c.Type())
	case c.big:
		return "", nil, errors.New("it is too large to be a list of keys")
	}
	all, err := fact.ParseAuthorizedKeys(bytes.NewReader(c.data))
	if err != nil {
		return "", nil, err
	}
	for _, k := range all {
		short := strings.TrimSpace(fmt.Sprintf("%s ...%s %s", k.Type, k.Key[max(0, len(k.Key)-12):], k.Comment))
		if k.Type == wanted.Type && k.Key == wanted.Key && !k.Authority() {
			return short, nil, nil
		}
		keys = append(keys, short)
	}
	return "", keys, nil
}
