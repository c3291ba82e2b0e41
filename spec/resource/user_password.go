package resource

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// shadowFact is what shadow(5) says about a user; the zero value is nothing.
type shadowFact struct {
	exists bool
	fact.Shadow
}

// shadows asks for shadow(5) user by user, and for nothing but the users wanted.
// Who may not see it is told the same as where there is no entry, so whether it
// may be seen is asked too. For each name "exit STATUS" follows what there is; where
// there is no getent(1), the entries stand there once for all.
var shadows = &target.Kind[shadowFact]{
	Name:  "password of user",
	Check: checkAccount,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		var patterns strings.Builder
		for _, name := range names {
			patterns.WriteString(" -e " + backends.Quote("^"+basicPattern(name)+":"))
		}
		return []target.Question{{
			Names: names,
			Script: `if [ -r /etc/shadow ]; then echo readable; else echo secret; fi; ` +
				`if command -v getent >/dev/null; then echo each; for n in ` + backends.Quote(names...) + `; do getent shadow "$n"; echo "exit $?"; done; ` +
				`else echo files; grep` + patterns.String() + ` /etc/shadow; fi`,
			Show:   "getent shadow " + backends.Quote(names...),
			Secret: true,
		}}, nil
	},
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[shadowFact], error) {
		first, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
		l, err := parseLookup(rest)
		if err != nil {
			return nil, errors.New("getent shadow: cannot read the answer")
		}
		out := map[string]target.Answer[shadowFact]{}
		for i, name := range q.Names {
			s, err := chooseShadow(l, i, len(q.Names), name)
			switch {
			case err != nil:
				out[name] = target.Answer[shadowFact]{Err: fmt.Errorf("getent shadow %s: %w", name, err)}
			case !s.exists && string(first) != "readable" && sys.UID == 0:
				out[name] = target.Answer[shadowFact]{Err: errors.New("/etc/shadow is not there, or may not be read by root either")}
			case !s.exists && string(first) != "readable":
				out[name] = target.Answer[shadowFact]{Err: errors.New("only root may see passwords (/etc/shadow)")}
			default:
				out[name] = target.Answer[shadowFact]{Fact: s}
			}
		}
		return out, nil
	},
	Read:  offline(shadowsOffline),
	Reads: func(string) string { return "read " + shadow },
	Files: func(target.System, []string) []string { return []string{shadow} },
}

// chooseShadow returns the entry of the i-th of n names that were asked about. No
// error holds anything of an entry.
func chooseShadow(l lookup, i, n int, name string) (shadowFact, error) {
	text := l.text
	if !l.files {
		var err error
		if text, err = l.entry(i, n); err != nil {
			return shadowFact{}, err
		}
	}
	all, err := fact.ParseShadow(bytes.NewReader(text))
	if err != nil {
		return shadowFact{}, err
	}
	for _, s := range all {
		// What getent prints for just this name counts, however it is spelled there.
		if s.Name == name || !l.files && len(all) == 1 {
			return shadowFact{true, s}, nil
		}
	}
	return shadowFact{}, nil
}

// basicPattern is a basic regular expression that only text matches.
func basicPattern(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(`\.[]*^$/`, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// password finds a user's entry in shadow(5), or the password in passwd(5) where
// that has one. Nothing of it goes into the evidence.
func (u *User) password(question string) (shadowFact, error) {
	l := NewLook(&u.Base, question, users.Of(u.Name()), shadows.Of(u.Name()))
	f, err := u.entryBy(l)
	if err != nil {
		return shadowFact{}, err
	}
	s, err := Fact(l, shadows, f.Name, func(s shadowFact) (found, near string) {
		if !s.exists && f.Password != "x" {
			s = shadowFact{true, fact.Shadow{Password: f.Password}}
		}
		return s.say(), ""
	})
	switch {
	case err != nil || s.exists:
		return s, err
	case f.Password != "x":
		return shadowFact{true, fact.Shadow{Name: f.Name, Password: f.Password, MinDays: -1, MaxDays: -1}}, nil
	}
	return s, l.Unknown("passwd(5) refers to shadow(5), which has no entry for the user", "")
}

// say tells of a password everything but itself.
func (s shadowFact) say() string {
	switch p := s.Password; {
	case !s.exists:
		return "no entry in shadow(5)"
	case p == "":
		return "no password is needed"
	case p == "!" || p == "!!":
		return fmt.Sprintf("locked (%s), and no password was ever set", p)
	case strings.HasPrefix(p, "!"):
		return "locked: a ! stands before the password"
	case strings.HasPrefix(p, "*"):
		return "not locked; no password lets in (*), other ways of login may"
	}
	return "not locked; a password is set"
}

// Locked reports whether the user's password is locked: its field in shadow(5)
// begins with "!", as usermod -L and passwd -l leave it, and as sshd understands
// it. An account with "*" is not locked: no password lets in, and a key may. That
// an account has expired (chage -E) is another thing.
func (u *User) Locked() (bool, error) {
	s, err := u.password("Locked")
	return err == nil && strings.HasPrefix(s.Password, "!"), err
}

// EncryptedPassword is the password field of shadow(5): a hash as crypt(5) makes
// it, "*", or what begins with "!". Only root may see it.
func (u *User) EncryptedPassword() (string, error) {
	s, err := u.password("EncryptedPassword")
	return s.Password, err
}

// MinimumDaysBetweenPasswordChange is how many days must lie between two changes
// of the password, shadow(5). An empty field is an error.
func (u *User) MinimumDaysBetweenPasswordChange() (int, error) {
	return u.days("MinimumDaysBetweenPasswordChange", "minimum", func(s shadowFact) int { return s.MinDays })
}

// MaximumDaysBetweenPasswordChange is after how many days the password must be
// changed, shadow(5). An empty field is an error.
func (u *User) MaximumDaysBetweenPasswordChange() (int, error) {
	return u.days("MaximumDaysBetweenPasswordChange", "maximum", func(s shadowFact) int { return s.MaxDays })
}

func (u *User) days(question, which string, days func(shadowFact) int) (int, error) {
	s, err := u.password(question)
	if err == nil && days(s) < 0 {
		err = &evidence.Missing{Evidence: u.Explain(question), What: fmt.Sprintf("a %s of days between password changes of %s", which, u)}
	}
	if err != nil {
		return 0, err
	}
	return days(s), nil
}
