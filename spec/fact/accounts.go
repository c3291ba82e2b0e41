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

// ParsePasswd reads lines of passwd(5), as the file or getent(1) has them.
func ParsePasswd(r io.Reader) ([]User, error) {
	var out []User
	err := eachAccount(r, "passwd", 7, func(f []string) error {
		uid, err := parseID(f[2])
		if err != nil {
			return err
		}
		gid, err := parseID(f[3])
		if err != nil {
			return err
		}
		out = append(out, User{Name: f[0], Password: f[1], UID: uid, GID: gid, Gecos: f[4], Home: f[5], Shell: f[6]})
		return nil
	})
	return out, err
}

// ParseGroup reads lines of group(5), as the file or getent(1) has them.
func ParseGroup(r io.Reader) ([]Group, error) {
	var out []Group
	err := eachAccount(r, "group", 4, func(f []string) error {
		gid, err := parseID(f[2])
		if err != nil {
			return err
		}
		g := Group{Name: f[0], GID: gid, Members: []string{}}
		for m := range strings.SplitSeq(f[3], ",") {
			if m != "" {
				g.Members = append(g.Members, m)
			}
		}
		out = append(out, g)
		return nil
	})
	return out, err
}

// ParseShadow reads lines of shadow(5), as the file or getent(1) has them. Its
// errors never hold what stands in a line.
func ParseShadow(r io.Reader) ([]Shadow, error) {
	var out []Shadow
	err := eachAccount(r, "shadow", 9, func(f []string) error {
		least, err := parseDays(f[3])
		if err != nil {
			return err
		}
		most, err := parseDays(f[4])
		if err != nil {
			return err
		}
		out = append(out, Shadow{Name: f[0], Password: f[1], MinDays: least, MaxDays: most})
		return nil
	})
	return out, err
}

// eachAccount hands each line's fields to add. Empty lines, comments, and the
// lines with + and - that say where else to look are passed over, as the C
// library does.
func eachAccount(r io.Reader, file string, fields int, add func([]string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20) // a group may have many members
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if strings.TrimSpace(line) == "" || strings.ContainsAny(line[:1], "#+-") {
			continue
		}
		f := strings.Split(line, ":")
		if len(f) != fields {
			return fmt.Errorf("%s, line %d: want %d fields, got %d", file, n, fields, len(f))
		}
		if err := add(f); err != nil {
			return fmt.Errorf("%s, line %d: %w", file, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// parseID reads the number of a user or group.
func parseID(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("want the number of a user or group, got %d characters that are none", len(s))
	}
	return int(n), nil
}

// parseDays reads a field of shadow(5), -1 if empty.
func parseDays(s string) (int, error) {
	if s == "" || s == "-1" {
		return -1, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("want a number of days, got %d characters that are none", len(s))
	}
	return int(n), nil
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
