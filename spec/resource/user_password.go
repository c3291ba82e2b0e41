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
// may be seen is asked too. Nothing is printed before nothing is left that could
// hang: what had come of an answer that broke off is shown to people. echo is
// safe, since neither hashes nor names hold backslashes.
var shadows = &target.Kind[shadowFact]{
	Name:  "password of user",
	Check: checkAccount,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{
			Names: names,
			Script: `all=; if ! command -v getent >/dev/null; then ` +
				// Field by field in the shell: no tool is asked for all hashes.
				`while IFS= read -r l; do for n in ` + backends.Quote(names...) + `; do case $l in "$n":*) all="$all$l
";; esac; done; done < /etc/shadow; ` +
				`else for n in ` + backends.Quote(names...) + `; do l=$(getent shadow "$n") && all="$all$l
"; done; fi; if [ -r /etc/shadow ]; then echo readable; else echo secret; fi; echo "$all"`,
			Show: "getent shadow " + backends.Quote(names...),
		}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[shadowFact], error) {
		first, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
		entries, err := fact.ParseShadow(bytes.NewReader(rest))
		if err != nil {
			return nil, err
		}
		out := map[string]target.Answer[shadowFact]{}
		for _, name := range q.Names {
			if string(first) == "readable" {
				out[name] = target.Answer[shadowFact]{}
			} else {
				out[name] = target.Answer[shadowFact]{Err: errors.New("only root may see passwords (/etc/shadow)")}
			}
			for _, s := range entries {
				if s.Name == name {
					out[name] = target.Answer[shadowFact]{Fact: shadowFact{true, s}}
				}
			}
		}
		return out, nil
	},
	Files:   func(target.System, []string) []string { return []string{shadow} },
	Offline: shadowsOffline,
}

// password finds a user's entry in shadow(5), or the password in passwd(5) where
// that has one. Nothing of it goes into the evidence.
func (u *User) password(question string) (shadowFact, error) {
	ctx, v, err := u.together(users.Of(u.Name()), shadows.Of(u.Name()))
	if err != nil {
		return shadowFact{}, err
	}
	f, err := AskView(ctx, v, &u.Base, question, users, u.Name(), userFact.say)
	if err != nil {
		return shadowFact{}, err
	}
	if !f.exists {
		return shadowFact{}, u.missing(question)
	}
	s, err := AskView(ctx, v, &u.Base, question, shadows, u.Name(), func(s shadowFact) (found, near string) {
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
	return s, u.unknown(question, "passwd(5) refers to shadow(5), which has no entry for the user", "")
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

// Locked tells whether the user's password is locked: its field in shadow(5)
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
