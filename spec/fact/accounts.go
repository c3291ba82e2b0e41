package fact

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A User is a line of passwd(5).
type User struct {
	Name string
	// Password is "x" where the password stands in shadow(5).
	Password string
	UID, GID int
	// Gecos is the comment field: a full name, often with commas.
	Gecos string
	Home  string
	// Shell is empty where the field is, which means /bin/sh.
	Shell string
}

// A Group is a line of group(5).
type Group struct {
	Name string
	GID  int
	// Members are those that the line lists. Users whose primary group it is
	// are mostly not among them.
	Members []string
}

// A Shadow is a line of shadow(5).
type Shadow struct {
	Name string
	// Password is the hash as crypt(5) makes it, with a "!" before it where it is
	// locked; "*" and "!" alone let no password in.
	Password string
	// MinDays and MaxDays are how many days must lie, and may lie, between two
	// changes of the password; -1 where the field is empty.
	MinDays, MaxDays int
}

// ParsePasswd reads lines of passwd(5), as the file or getent(1) has them. A line
// that the C library would not take for an entry is passed over, as it does.
func ParsePasswd(r io.Reader) ([]User, error) {
	var out []User
	err := eachAccount(r, "passwd", 7, 4, func(f []string) {
		uid, ok := parseID(f[2])
		gid, ok2 := parseID(f[3])
		if ok && ok2 {
			out = append(out, User{Name: f[0], Password: f[1], UID: uid, GID: gid, Gecos: f[4], Home: f[5], Shell: f[6]})
		}
	})
	return out, err
}

// ParseGroup reads lines of group(5), as ParsePasswd does those of passwd(5).
func ParseGroup(r io.Reader) ([]Group, error) {
	var out []Group
	err := eachAccount(r, "group", 4, 3, func(f []string) {
		gid, ok := parseID(f[2])
		if !ok {
			return
		}
		g := Group{Name: f[0], GID: gid, Members: []string{}}
		for m := range strings.SplitSeq(f[3], ",") {
			if m = strings.TrimLeft(m, " \t"); m != "" {
				g.Members = append(g.Members, m)
			}
		}
		out = append(out, g)
	})
	return out, err
}

// ParseShadow reads lines of shadow(5), as ParsePasswd does those of passwd(5).
func ParseShadow(r io.Reader) ([]Shadow, error) {
	var out []Shadow
	err := eachAccount(r, "shadow", 9, 5, func(f []string) {
		least, ok := parseDays(f[3])
		most, ok2 := parseDays(f[4])
		if ok && ok2 {
			out = append(out, Shadow{Name: f[0], Password: f[1], MinDays: least, MaxDays: most})
		}
	})
	return out, err
}

// eachAccount hands each line's fields to add, which may find that they are not an
// entry. What the C library passes over is passed over: empty lines, comments, the
// lines with + and - that say where else to look, and what is not an entry. As it
// does, it takes a line that ends before its last fields, when it has at least some,
// and leaves further colons to the last field.
func eachAccount(r io.Reader, file string, fields, least int, add func([]string)) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " \t\v\f\r")
		if line == "" || strings.ContainsAny(line[:1], "#+-") {
			continue
		}
		f := strings.SplitN(line, ":", fields)
		if len(f) < least {
			continue
		}
		for len(f) < fields {
			f = append(f, "")
		}
		add(f)
	}
	return nil
}

// parseID reads the number of a user or group.
func parseID(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}

// parseDays reads a field of shadow(5), -1 if empty.
func parseDays(s string) (int, bool) {
	if s == "" || s == "-1" {
		return -1, true
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// LoginDefs are the settings of login.defs(5) that say which accounts are the
// system's own.
type LoginDefs struct {
	// SystemUIDMax and SystemGIDMax are the highest numbers of such users and
	// groups.
	SystemUIDMax, SystemGIDMax int
}

// ParseLoginDefs reads login.defs(5). An empty one, as where there is none, has
// the defaults: SYS_UID_MAX is one less than UID_MIN, which is 1000.
func ParseLoginDefs(r io.Reader) (LoginDefs, error) {
	set := map[string]int{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		f := strings.Fields(s.Text())
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "UID_MIN", "GID_MIN", "SYS_UID_MAX", "SYS_GID_MAX":
			// Octal and hexadecimal are allowed there.
			v, err := strconv.ParseUint(f[1], 0, 32)
			if err != nil {
				return LoginDefs{}, fmt.Errorf("login.defs, line %d: %s is %q, not a number", n, f[0], f[1])
			}
			set[f[0]] = int(v)
		}
	}
	if err := s.Err(); err != nil {
		return LoginDefs{}, fmt.Errorf("login.defs: %w", err)
	}
	highest := func(kind string) int {
		if v, ok := set["SYS_"+kind+"_MAX"]; ok {
			return v
		}
		if v, ok := set[kind+"_MIN"]; ok {
			return v - 1
		}
		return 999
	}
	return LoginDefs{SystemUIDMax: highest("UID"), SystemGIDMax: highest("GID")}, nil
}
