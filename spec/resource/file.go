package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A File is what stands at an absolute path of the target: a regular file, a
// directory, a link, a device, a pipe, a socket.
//
// Symbolic links are followed, except by IsSymlink, LinkedTo and LinkTarget. So
// a link to nowhere does not exist and is a symlink all the same. Where links go
// round in a circle, or a folder above may not be entered, it cannot be told
// whether there is something.
type File struct{ Base[File] }

// NewFile makes a File.
func NewFile(a Asker, path string) *File {
	f := &File{}
	f.Base = New(a, "File", path, f)
	return f
}

// checkPath says what is wrong with a path that nobody can mean.
func checkPath(path string) error {
	switch {
	case path == "":
		return errors.New("the path is empty")
	case strings.ContainsRune(path, 0):
		return errors.New("no path holds a NUL byte")
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("the path %q is not absolute, and a target has no current folder: begin it with /", path)
	}
	return nil
}

// fileStat is what is known about a path by stat(2).
type fileStat struct {
	exists bool
	fact.Stat
}

// fileStats follows links; linkStats looks at a link itself.
var (
	fileStats = statKind("file", "stat -L", true)
	linkStats = statKind("link", "stat", false)
)

// maxArguments bounds the names in one command line, well below what the
// smallest limit on exec(3) leaves.
const maxArguments = 64 << 10

func statKind(name, command string, follow bool) *target.Kind[fileStat] {
	return &target.Kind[fileStat]{
		Name:  name,
		Check: checkPath,
		Ask: func(_ target.System, names []string) ([]target.Question, error) {
			var out []target.Question
			for _, some := range batches(names) {
				out = append(out, target.Question{Names: some, Script: command + " -c '" + fact.StatFormat + "' " + backends.Quote(some...), Show: command + " " + backends.Quote(some...), Stateless: true})
			}
			return out, nil
		},
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[fileStat], error) {
			all, err := fact.ParseStat(o.Stdout, o.Stderr, q.Names)
			if err != nil {
				return nil, err
			}
			out := map[string]target.Answer[fileStat]{}
			for name, a := range all {
				out[name] = statAnswer(a)
			}
			return out, nil
		},
		Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, name string) (fileStat, error) {
			return readStat(ctx, r, name, follow)
		}),
		Files: filesAndAccounts,
		Reads: func(name string) string { return command + " " + name },
	}
}

// batches shares out names into command lines: odd ones get one each.
func batches(names []string) [][]string {
	var out [][]string
	var plain []string
	size := 0
	for _, name := range names {
		if fact.Odd(name) {
			out = append(out, []string{name})
			continue
		}
		if size += len(name); size > maxArguments {
			out, plain, size = append(out, plain), nil, len(name)
		}
		plain = append(plain, name)
	}
	if plain != nil {
		out = append(out, plain)
	}
	return out
}

// statAnswer makes "does not exist" an answer.
func statAnswer(a fact.StatAnswer) target.Answer[fileStat] {
	switch {
	case a.Err == nil:
		return target.Answer[fileStat]{Fact: fileStat{exists: true, Stat: a.Stat}}
	case errors.Is(a.Err, fs.ErrNotExist):
		return target.Answer[fileStat]{}
	}
	return target.Answer[fileStat]{Err: a.Err}
}

// readStat answers through a FileReader what stat(1) would say.
func readStat(ctx context.Context, r backends.FileReader, name string, follow bool) (fileStat, error) {
	i, err := r.Stat(ctx, name, follow)
	if errors.Is(err, fs.ErrNotExist) {
		return fileStat{}, nil
	}
	if err != nil {
		return fileStat{}, err
	}
	return fileStat{exists: true, Stat: fact.Stat{
		Mode: i.Mode, UID: i.UID, GID: i.GID, Owner: i.Owner, Group: i.Group, Size: i.Size,
		// Whole seconds, which is what stat(1) prints everywhere.
		ModTime: i.ModTime.Truncate(time.Second),
	}}, nil
}

func (s fileStat) say() (found, near string) {
	if !s.exists {
		return "does not exist", ""
	}
	return s.what(), ""
}

// what describes something that exists.
func (s fileStat) what() string {
	return fmt.Sprintf("%s, mode %s, owner %s, group %s, %s", s.Type(), octal(s.Permissions()),
		nameAndID(s.Owner, s.UID), nameAndID(s.Group, s.GID), evidence.Count(s.Size, "byte"))
}

// octal writes permissions the way people do: four digits.
func octal(mode int) string { return fmt.Sprintf("%04o", mode) }

func nameAndID(name string, id int) string {
	if id < 0 {
		return "unknown"
	}
	if name == "" {
		return strconv.Itoa(id)
	}
	return fmt.Sprintf("%s (%d)", name, id)
}

// is answers a question about the type of the file.
func (f *File) is(question string, k *target.Kind[fileStat], holds func(fact.Stat) bool) (bool, error) {
	s, err := Ask(&f.Base, question, k, f.Name(), fileStat.say)
	return err == nil && s.exists && holds(s.Stat), err
}

// stat answers a question about an attribute, which what is not there has not.
func (f *File) stat(question string) (fileStat, error) { return f.statBy(NewLook(&f.Base, question)) }

func (f *File) statBy(l *Look) (fileStat, error) {
	s, err := Fact(l, fileStats, f.Name(), fileStat.say)
	if err == nil && !s.exists {
		err = l.Missing()
	}
	return s, err
}

// Exists reports whether there is anything at the path, whatever it is.
func (f *File) Exists() (bool, error) {
	return f.is("Exists", fileStats, func(fact.Stat) bool { return true })
}

// IsFile reports whether it is a regular file.
func (f *File) IsFile() (bool, error) { return f.is("IsFile", fileStats, fact.Stat.IsRegular) }

// IsDirectory reports whether it is a directory.
func (f *File) IsDirectory() (bool, error) {
	return f.is("IsDirectory", fileStats, fact.Stat.IsDirectory)
}

// IsSocket reports whether it is a unix socket.
func (f *File) IsSocket() (bool, error) { return f.is("IsSocket", fileStats, fact.Stat.IsSocket) }

// IsPipe reports whether it is a named pipe.
func (f *File) IsPipe() (bool, error) { return f.is("IsPipe", fileStats, fact.Stat.IsPipe) }

// IsBlockDevice reports whether it is a block device.
func (f *File) IsBlockDevice() (bool, error) {
	return f.is("IsBlockDevice", fileStats, fact.Stat.IsBlock)
}

// IsCharacterDevice reports whether it is a character device.
func (f *File) IsCharacterDevice() (bool, error) {
	return f.is("IsCharacterDevice", fileStats, fact.Stat.IsCharacter)
}

// IsSymlink reports whether the path itself is a symbolic link, wherever that
// leads.
func (f *File) IsSymlink() (bool, error) { return f.is("IsSymlink", linkStats, fact.Stat.IsLink) }

// Mode is the file's permissions with the setuid, setgid and sticky bits: 0o644.
func (f *File) Mode() (int, error) {
	s, err := f.stat("Mode")
	return s.Permissions(), err
}

// Size is the file's size in bytes.
func (f *File) Size() (int, error) {
	s, err := f.stat("Size")
	return int(s.Size), err
}

// ModTime is when the file's content last changed, in whole seconds, by the
// target's clock.
func (f *File) ModTime() (time.Time, error) {
	s, err := f.stat("ModTime")
	return s.ModTime, err
}

// Owner is the name of the account that the file belongs to, and the number
// where no account has it.
func (f *File) Owner() (string, error) { return f.account("Owner", "passwd") }

// Group is the name of the group that the file belongs to, and the number where
// no group has it.
func (f *File) Group() (string, error) { return f.account("Group", "group") }

func (f *File) account(question, database string) (string, error) {
	l := NewLook(&f.Base, question)
	s, err := f.owned(l, database)
	if err != nil {
		return "", err
	}
	name, id := s.owner(database)
	if name == "" {
		name, err = f.nameOf(l, s, database)
	}
	if name == "" {
		name = strconv.Itoa(id)
	}
	return name, err
}

// OwnedBy reports whether the file belongs to an account, given by its name. As for
// chown(1), digits are the number of an account only if no account has that name.
func (f *File) OwnedBy(who string) (bool, error) {
	return f.belongs("OwnedBy", "passwd", byName(who))
}

// OwnedByID is OwnedBy by number.
func (f *File) OwnedByID(uid int) (bool, error) {
	return f.belongs("OwnedBy", "passwd", byID(uid))
}

// GroupedInto reports whether the file belongs to a group, given by its name. As for
// chown(1), digits are the number of a group only if no group has that name.
func (f *File) GroupedInto(who string) (bool, error) {
	return f.belongs("GroupedInto", "group", byName(who))
}

// GroupedIntoID is GroupedInto by number.
func (f *File) GroupedIntoID(gid int) (bool, error) {
	return f.belongs("GroupedInto", "group", byID(gid))
}

func (f *File) belongs(question, database string, who account) (bool, error) {
	if err := who.check(); err != nil {
		return false, Refuse(&f.Base, err)
	}
	l := NewLook(&f.Base, question)
	kind, idOf := interface{ Of(string) target.Want }(users), who.uid
	if database == "group" {
		kind, idOf = groups, who.gid
	}
	if isDigits(who.name) {
		// They are looked up as a name in any case.
		if err := l.Together(append(who.wants(kind), fileStats.Of(f.Name()))...); err != nil {
			return false, err
		}
	}
	s, err := f.owned(l, database)
	if err != nil {
		return false, err
	}
	name, id := s.owner(database)
	switch {
	case who.byID:
		return id == who.id, nil
	case name == who.name:
		return true, nil
	case name == "" && !isDigits(who.name):
		if name, err = f.nameOf(l, s, database); err != nil || name == who.name {
			return err == nil, err
		}
	}
	// The account may have other names, and other spellings of this one.
	wanted, known, e, err := idOf(l)
	if err != nil {
		return false, l.Answer(e, err)
	}
	if !known {
		e = l.Explain()
		e.Near = fmt.Sprintf("nobody is called %q", who.name)
		return false, l.Answer(e, nil)
	}
	return wanted == id, nil
}

// owner is who the file belongs to, by one of the two databases.
func (s fileStat) owner(database string) (name string, id int) {
	if database == "passwd" {
		return s.Owner, s.UID
	}
	return s.Group, s.GID
}

// owned is stat of what must tell whom it belongs to.
func (f *File) owned(l *Look, database string) (fileStat, error) {
	s, err := f.statBy(l)
	if _, id := s.owner(database); err == nil && s.exists && id < 0 {
		err = l.Unknown("without a process in the container nobody tells whom a "+s.Type()+" belongs to", "")
	}
	return s, err
}

// nameOf asks for a name that stat did not tell: on a target whose files are read
// without a process only /etc/passwd and /etc/group were looked at.
func (f *File) nameOf(l *Look, s fileStat, database string) (string, error) {
	_, id := s.owner(database)
	return Fact(l, accountNames, database+" "+strconv.Itoa(id), func(name string) (found, near string) {
		if database == "passwd" {
			s.Owner = name
		} else {
			s.Group = name
		}
		return s.what(), ""
	})
}

// Entries are the names in a directory, sorted, without . and ..
func (f *File) Entries() ([]string, error) {
	look := NewLook(&f.Base, "Entries")
	l, err := Fact(look, entries, f.Name(), func(l listing) (found, near string) {
		if !l.exists || !l.IsDirectory() {
			return l.say()
		}
		return shorten(l.names, 20), ""
	})
	if err == nil {
		err = l.expect(look, fact.Stat.IsDirectory, "a directory")
	}
	return l.names, err
}

// expect is the error of a question that only one type of file has an answer to.
func (s fileStat) expect(l *Look, is func(fact.Stat) bool, wanted string) error {
	switch {
	case !s.exists:
		return l.Missing()
	case !is(s.Stat):
		return l.Unknown(fmt.Sprintf("it is a %s, not %s", s.Type(), wanted), "")
	}
	return nil
}

// listing is what is in a directory; of anything else only what it is.
type listing struct {
	fileStat
	names []string
}

var entries = &target.Kind[listing]{
	Name:  "directory",
	Check: checkPath,
	Ask: eachPath("ls -A", func(path string) string {
		// The trailing /. follows a link. Names end in NUL, since a newline is
		// part of some.
		return guarded("-d", "stat -L", path, "find "+backends.Quote(path+"/.")+" ! -name . -prune -print0")
	}),
	Parse: guardedAnswer(func(path, _ string, o target.Output, s fileStat) (listing, error) {
		l := listing{fileStat: s, names: []string{}}
		if !s.IsDirectory() {
			return l, nil
		}
		for name := range strings.SplitSeq(strings.TrimSuffix(string(o.Stdout), "\x00"), "\x00") {
			if name == "" {
				continue
			}
			base, ok := strings.CutPrefix(name, path+"/./")
			if !ok {
				return l, fmt.Errorf("find answered with %.80q", name)
			}
			l.names = append(l.names, base)
		}
		slices.Sort(l.names)
		return l, nil
	}, fact.Stat{Mode: 0o040000}),
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, path string) (listing, error) {
		s, err := readStat(ctx, r, path, true)
		if err != nil || !s.exists || !s.IsDirectory() {
			return listing{fileStat: s}, err
		}
		names, err := r.ReadDir(ctx, path)
		if names == nil {
			names = []string{}
		}
		return listing{fileStat: s, names: names}, err
	}),
	Files: func(_ target.System, paths []string) []string {
		var out []string
		for _, p := range paths {
			out = append(out, p+"/")
		}
		return out
	},
	Reads: func(path string) string { return "ls -A " + path },
}

// shorten joins at most limit words, and says how many there are besides.
func shorten(words []string, limit int) string {
	if len(words) == 0 {
		return "nothing"
	}
	if n := len(words) - limit; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:limit], ", "), n)
	}
	return strings.Join(words, ", ")
}
