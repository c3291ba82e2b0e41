package resource

import (
	"fmt"
	"slices"
)

// A Group is a group of accounts of the target, by name. Whatever the target's
// own name service knows counts (getent(1)), so LDAP and SSSD do; where there is
// no getent, it is what stands in /etc/group. What it gives for just this name counts
// in whatever spelling it comes. As for chown(1), a name of digits is the number of a
// group only if no group has that name.
type Group struct{ Base[Group] }

// NewGroup makes a Group.
func NewGroup(a Asker, name string) *Group {
	g := &Group{}
	g.Base = New(a, "Group", name, g)
	return g
}

// Exists reports whether there is such a group.
func (g *Group) Exists() (bool, error) {
	f, err := Ask(&g.Base, "Exists", groups, g.Name(), groupFact.say)
	return f.exists, err
}

func (g *Group) entry(question string) (groupFact, error) {
	return g.entryBy(NewLook(&g.Base, question))
}

func (g *Group) entryBy(l *Look) (groupFact, error) {
	f, err := Fact(l, groups, g.Name(), groupFact.say)
	if err == nil && !f.exists {
		err = l.Missing()
	}
	return f, err
}

// GID is the group's number.
func (g *Group) GID() (int, error) {
	f, err := g.entry("GID")
	return f.GID, err
}

// Members are the users that group(5) lists for the group. Those whose primary
// group it is are mostly not listed; HasMember counts them.
func (g *Group) Members() ([]string, error) {
	f, err := g.entry("Members")
	return slices.Clone(f.Members), err
}

// HasMember reports whether a user is in the group: listed there, or because it is
// his primary group.
func (g *Group) HasMember(user string) (bool, error) {
	if err := checkAccount(user); err != nil {
		return false, Refuse(&g.Base, err)
	}
	l := NewLook(&g.Base, "HasMember", groups.Of(g.Name()), users.Of(user), userGroups.Of(user))
	f, err := g.entryBy(l)
	if err != nil {
		return false, err
	}
	if slices.Contains(f.Members, user) {
		return true, nil
	}
	u, e, err := Peek(l, users, user)
	if err != nil {
		return false, l.Answer(e, err)
	}
	if !u.exists {
		e.Found, e.Near = "members listed: "+shorten(f.Members, 20), fmt.Sprintf("there is no user %q", user)
		return false, l.Answer(e, nil)
	}
	if slices.Contains(f.Members, u.Name) {
		return true, nil
	}
	m, e, err := Peek(l, userGroups, u.Name)
	e.Found, e.Near = "members listed: "+shorten(f.Members, 20), user+" has the "+m.say()
	return u.GID == f.GID || slices.Contains(m.gids, f.GID), l.Answer(e, err)
}

// IsSystemGroup reports whether the group's number is one of those that the
// target's /etc/login.defs keeps for the system: at most SYS_GID_MAX, which is
// one less than GID_MIN where it is not set, and 999 where neither is.
func (g *Group) IsSystemGroup() (bool, error) {
	l := NewLook(&g.Base, "IsSystemGroup", groups.Of(g.Name()), fileContents.Of(loginDefs))
	f, err := g.entryBy(l)
	if err != nil {
		return false, err
	}
	d, e, err := askLoginDefs(l)
	e.Found = fmt.Sprintf("gid %d; groups of the system have at most %d", f.GID, d.SystemGIDMax)
	return f.GID <= d.SystemGIDMax, l.Answer(e, err)
}
