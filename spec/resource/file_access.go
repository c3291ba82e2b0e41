package resource

import (
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The permission bits of others for one right; those of the group and the owner
// stand three and six bits to the left.
const (
	read    = 0o4
	write   = 0o2
	execute = 0o1
)

// Readable reports whether anybody may read the file by its mode: its owner, its
// group or others.
func (f *File) Readable() (bool, error) { return f.bit("Readable", read*0o111) }

// Writable reports whether anybody may write the file by its mode.
func (f *File) Writable() (bool, error) { return f.bit("Writable", write*0o111) }

// Executable reports whether anybody may execute the file, or enter the directory,
// by its mode.
func (f *File) Executable() (bool, error) { return f.bit("Executable", execute*0o111) }

// ReadableBy reports whether the mode lets "owner", "group" or "others" read the
// file.
func (f *File) ReadableBy(class string) (bool, error) { return f.bitOf("ReadableBy", class, read) }

// WritableBy is ReadableBy for writing.
func (f *File) WritableBy(class string) (bool, error) { return f.bitOf("WritableBy", class, write) }

// ExecutableBy is ReadableBy for executing.
func (f *File) ExecutableBy(class string) (bool, error) {
	return f.bitOf("ExecutableBy", class, execute)
}

func (f *File) bit(question string, bits int) (bool, error) {
	s, err := f.stat(question)
	return s.Permissions()&bits != 0, err
}

func (f *File) bitOf(question, class string, bits int) (bool, error) {
	switch class {
	case "owner":
		bits <<= 6
	case "group":
		bits <<= 3
	case "others":
	default:
		return false, Refuse(&f.Base, fmt.Errorf(`%q is nobody that modes know: want "owner", "group" or "others"`, class))
	}
	return f.bit(question, bits)
}

// ReadableByUser reports whether an account can read the file, which also takes
// that it may enter all folders above. It is asked as that account: by root, by sudo,
// or where it is the one that asks anyway.
func (f *File) ReadableByUser(name string) (bool, error) {
	return f.accessible("ReadableByUser", "r", name)
}

// WritableByUser is ReadableByUser for writing.
func (f *File) WritableByUser(name string) (bool, error) {
	return f.accessible("WritableByUser", "w", name)
}

// ExecutableByUser is ReadableByUser for executing.
func (f *File) ExecutableByUser(name string) (bool, error) {
	return f.accessible("ExecutableByUser", "x", name)
}

func (f *File) accessible(question, right, user string) (bool, error) {
	for _, err := range []error{checkPath(f.Name()), checkAccount(user)} {
		if err != nil {
			return false, Refuse(&f.Base, err)
		}
	}
	l := NewLook(&f.Base, question)
	if isDigits(user) {
		var err error
		if user, err = userName(l, user); err != nil {
			return false, err
		}
	}
	name := right + " " + user + ":" + f.Name()
	if err := l.Together(fileStats.Of(f.Name()), accesses.Of(name)); err != nil {
		return false, err
	}
	s, err := Fact(l, fileStats, f.Name(), fileStat.say)
	if err != nil {
		return false, err
	}
	if !s.exists {
		return false, l.Missing()
	}
	if a, _, err := Peek(l, accesses, name); err == nil && a == notTold {
		// Whoever asks is neither root nor that user, who then is to ask himself.
		l.As(target.Identity{Sudo: true, User: user})
	}
	a, err := Fact(l, accesses, name, func(a access) (found, near string) {
		word := map[string]string{"r": "read", "w": "write", "x": "execute"}[right]
		if a == permitted {
			return fmt.Sprintf("%s can %s it", user, word), s.what()
		}
		return fmt.Sprintf("%s cannot %s it", user, word), s.what()
	})
	if err == nil && a == notTold {
		err = l.Unknown("only root, or the user himself, can tell what a user can do", "")
	}
	return a == permitted, err
}

// userName is the name of a user whose name or number is given in digits.
func userName(l *Look, user string) (string, error) {
	u, e, err := Peek(l, users, user)
	if err == nil && !u.exists {
		err = fmt.Errorf("there is no user %q, and no user with that number", user)
	}
	if err != nil {
		return "", l.Answer(e, err)
	}
	return u.Name, nil
}

// access is what a user may do, as far as the one who asks can tell.
type access int

const (
	denied access = iota
	permitted
	notTold // who asks is neither root nor that user
)

// exitNotTold is how the script ends that finds notTold. No tool that is asked there
// exits so.
const exitNotTold = 44

// accesses reports whether a user can do something with a file. A name is a letter
// of test(1), the user and the path: "r deploy:/etc/shadow".
var accesses = &target.Kind[access]{
	Name: "access to file",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		var out []target.Question
		for _, name := range names {
			right, rest, _ := strings.Cut(name, " ")
			user, path, _ := strings.Cut(rest, ":")
			test := fmt.Sprintf("if [ -%s %s ]; then echo yes; else echo no; fi", right, backends.Quote(path))
			u, t := backends.Quote(user), backends.Quote(test)
			out = append(out, target.Question{
				Names: []string{name},
				// An account's own shell may be nologin; su is where runuser is not.
				Script: fmt.Sprintf(`if [ "$(id -un)" = %s ]; then %s; elif [ "$(id -u)" != 0 ]; then exit %d; `+
					`elif command -v runuser >/dev/null; then runuser -u %s -- sh -c %s; else su -s /bin/sh -c %s %s; fi`,
					u, test, exitNotTold, u, t, t, u),
				Show: fmt.Sprintf("test -%s %s, as %s", right, backends.Quote(path), user),
			})
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[access], error) {
		answer := func(a access) (map[string]target.Answer[access], error) {
			return map[string]target.Answer[access]{q.Names[0]: {Fact: a}}, nil
		}
		switch {
		case o.Status.Code == exitNotTold:
			return answer(notTold)
		case o.Status.Success() && string(o.Stdout) == "yes\n":
			return answer(permitted)
		case o.Status.Success() && string(o.Stdout) == "no\n":
			return answer(denied)
		}
		return nil, fmt.Errorf("it could not be asked as that user: %w", fact.ParseErrno(o.Stderr))
	},
}
