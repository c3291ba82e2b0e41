package resource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// accountsThere reads the target's own users and groups. Those of directory services are no
// part of the target.
var accountsThere = &catalogue.Listing{
	Name: "accounts",
	Script: func(mark string) string {
		return fmt.Sprintf(`for f in passwd group subuid subgid; do echo; echo "%s $f"
if [ $f = passwd ] || [ $f = group ] || [ -e /etc/$f ]; then cat /etc/$f || exit; fi; done`, mark)
	},
	Read: func(_ target.System, o target.Output, files map[string]string) ([]catalogue.Fact, error) {
		if !o.Status.Success() {
			return nil, errors.New(firstWords(o))
		}
		users, err := fact.ParsePasswd(strings.NewReader(files["passwd"]))
		if err != nil {
			return nil, err
		}
		groups, err := fact.ParseGroup(strings.NewReader(files["group"]))
		if err != nil {
			return nil, err
		}
		return accountFacts(users, groups, files["subuid"], files["subgid"]), nil
	},
}

var _ = catalogue.Add(&catalogue.Kind{
	Name: "user", Rank: 30, All: accountsThere, Resource: "User",
	Spec:   userSpec,
	Absent: func(name string) string { return fmt.Sprintf("User(%q).ShouldNot(Exist())", name) },
})

var _ = catalogue.Add(&catalogue.Kind{
	Name: "group", Rank: 50, All: accountsThere, Resource: "Group",
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		return fmt.Sprintf("Group(%q).Should(Exist(), HaveGID(%s))", f.Name, f.Attrs().Value("gid"))
	},
	Absent: func(name string) string { return fmt.Sprintf("Group(%q).ShouldNot(Exist())", name) },
})

// Passwords are told by whether one is set and by the days of shadow(5), of which the
// first is that of the last change. That a password was changed twice on one day is not
// seen: what would show it, a digest of the hash, could be used to find out the password.
var _ = catalogue.Add(&catalogue.Kind{
	Name: "password", Rank: 40, Resource: "User",
	All: &catalogue.Listing{Name: "passwords", Script: func(string) string { return passwordScript }, Read: readPasswords},
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		if f.Attrs().Value("state") == "locked" {
			return fmt.Sprintf("User(%q).Should(BeLocked())", f.Name)
		}
		return fmt.Sprintf("User(%q).ShouldNot(BeLocked())", f.Name)
	},
	Absent: func(name string) string { return fmt.Sprintf("User(%q).ShouldNot(Exist())", name) },
})

func accountFacts(users []fact.User, groups []fact.Group, subuid, subgid string) []catalogue.Fact {
	var out []catalogue.Fact
	groupsOf := map[string][]string{}
	for _, g := range groups {
		for _, m := range g.Members {
			groupsOf[m] = append(groupsOf[m], g.Name)
		}
	}
	uids, gids := subordinates(subuid), subordinates(subgid)
	for _, u := range users {
		list := groupsOf[u.Name]
		slices.Sort(list)
		out = append(out, catalogue.New("user", u.Name, "uid", strconv.Itoa(u.UID), "gid", strconv.Itoa(u.GID),
			"comment", u.Gecos, "home", u.Home, "shell", u.Shell, "groups", strings.Join(list, ","),
			"subuid", uids[u.Name], "subgid", gids[u.Name]))
		delete(groupsOf, u.Name)
		// Where it does not stand in shadow(5), which is told with more.
		if u.Password != "x" {
			out = append(out, catalogue.New("password", u.Name, "state", passwordState(u.Password)))
		}
	}
	for _, g := range groups {
		// Members with an account are told as the groups of that user.
		others := slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return groupsOf[m] == nil })
		slices.Sort(others)
		out = append(out, catalogue.New("group", g.Name, "gid", strconv.Itoa(g.GID), "members", strings.Join(others, ",")))
	}
	return out
}

// subordinates reads subuid(5) or subgid(5): NAME:FIRST:COUNT.
func subordinates(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, span, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		if out[name] != "" {
			span = out[name] + "," + span
		}
		out[name] = span
	}
	return out
}

// passwordState is what passwordScript says about a field: "unusable" is a *, by which
// no password lets in; other ways of login may.
func passwordState(field string) string {
	switch {
	case field == "":
		return "empty"
	case field[0] == '!':
		return "locked"
	case field[0] == '*':
		return "unusable"
	}
	return "set"
}

// passwordScript prints shadow(5) without the hashes, which never leave the target,
// and without lines that are not entries, as which a hash might come along.
const passwordScript = `[ -e /etc/shadow ] || exit 0
sed -e 's/^\([^:]*\)::/\1:empty:/' -e t -e 's/^\([^:]*\):![^:]*:/\1:locked:/' -e t \
-e 's/^\([^:]*\):[*][^:]*:/\1:unusable:/' -e t -e 's/^\([^:]*\):[^:]*:/\1:set:/' -e t -e d /etc/shadow`

func readPasswords(_ target.System, o target.Output, _ map[string]string) ([]catalogue.Fact, error) {
	if !o.Status.Success() {
		return nil, errors.New(firstWords(o))
	}
	var out []catalogue.Fact
	for line := range strings.Lines(string(o.Stdout)) {
		line = strings.TrimSuffix(line, "\n")
		f := strings.Split(line, ":")
		if f[0] == "" || strings.ContainsAny(f[0][:1], "#+-") {
			continue
		}
		if len(f) < 8 {
			continue // the C library takes it for no entry either
		}
		out = append(out, catalogue.New("password", f[0], "state", f[1], "changed", day(f[2]),
			"min_days", f[3], "max_days", f[4], "warn_days", f[5], "inactive_days", f[6], "expires", day(f[7])))
	}
	return out, nil
}

// day is a date in days since 1970. A zero in place of that of the last change
// means that it must be changed at the next login.
func day(field string) string {
	n, err := strconv.ParseUint(field, 10, 31)
	if err != nil || n == 0 {
		return field
	}
	return time.Unix(int64(n)*86400, 0).UTC().Format(time.DateOnly)
}

func userSpec(f catalogue.Fact, _ catalogue.Facts) string {
	attrs := f.Attrs()
	matchers := []string{"Exist()"}
	if uid := attrs.Value("uid"); uid != "" {
		matchers = append(matchers, "HaveUID("+uid+")")
	}
	if gid := attrs.Value("gid"); gid != "" {
		matchers = append(matchers, "HaveGID("+gid+")")
	}
	if home := attrs.Value("home"); home != "" {
		matchers = append(matchers, fmt.Sprintf("HaveHomeDirectory(%q)", home))
	}
	if shell := attrs.Value("shell"); shell != "" {
		matchers = append(matchers, fmt.Sprintf("HaveLoginShell(%q)", shell))
	}
	if groups := attrs.Value("groups"); groups != "" {
		for group := range strings.SplitSeq(groups, ",") {
			matchers = append(matchers, fmt.Sprintf("BelongToGroup(%q)", group))
		}
	}
	return fmt.Sprintf("User(%q).Should(%s)", f.Name, strings.Join(matchers, ", "))
}
