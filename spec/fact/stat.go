package fact

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StatFormat is the -c format of stat(1) that ParseStat reads. GNU coreutils and
// busybox print the same for it. Names of accounts hold no colon, since passwd(5)
// and group(5) separate by it, but may hold spaces; the file's name comes last,
// since it may hold anything.
const StatFormat = "%f %u %g %s %Y:%U:%G:%n"

// A Stat is what stat(2) says about one file.
type Stat struct {
	// Mode is st_mode as Linux has it: type and permission bits in one number.
	Mode uint32
	// UID and GID are the numeric owner and group.
	UID, GID int
	// Owner and Group are their names; empty where there is none.
	Owner, Group string
	// Size is in bytes.
	Size int64
	// ModTime is when the content last changed, in whole seconds.
	ModTime time.Time
}

// The type bits of st_mode, inode(7).
const (
	modeType      = 0o170000
	modeSocket    = 0o140000
	modeLink      = 0o120000
	modeRegular   = 0o100000
	modeBlock     = 0o060000
	modeDirectory = 0o040000
	modeCharacter = 0o020000
	modePipe      = 0o010000
)

func (s Stat) is(kind uint32) bool { return s.Mode&modeType == kind }

// IsSocket reports whether it is a unix socket.
func (s Stat) IsSocket() bool { return s.is(modeSocket) }

// IsLink reports whether it is a symbolic link.
func (s Stat) IsLink() bool { return s.is(modeLink) }

// IsRegular reports whether it is a regular file.
func (s Stat) IsRegular() bool { return s.is(modeRegular) }

// IsBlock reports whether it is a block device.
func (s Stat) IsBlock() bool { return s.is(modeBlock) }

// IsDirectory reports whether it is a directory.
func (s Stat) IsDirectory() bool { return s.is(modeDirectory) }

// IsCharacter reports whether it is a character device.
func (s Stat) IsCharacter() bool { return s.is(modeCharacter) }

// IsPipe reports whether it is a named pipe.
func (s Stat) IsPipe() bool { return s.is(modePipe) }

// Permissions are the twelve lowest bits of the mode: those of owner, group and
// others, with setuid, setgid and sticky.
func (s Stat) Permissions() int { return int(s.Mode & 0o7777) }

// Type names the type for people: "directory".
func (s Stat) Type() string {
	switch s.Mode & modeType {
	case modeSocket:
		return "socket"
	case modeLink:
		return "symbolic link"
	case modeRegular:
		return "regular file"
	case modeBlock:
		return "block device"
	case modeDirectory:
		return "directory"
	case modeCharacter:
		return "character device"
	case modePipe:
		return "named pipe"
	}
	return fmt.Sprintf("file of type 0%o", s.Mode&modeType)
}

// A StatAnswer is what stat(1) answered about one name.
type StatAnswer struct {
	Stat
	// Err is why there is no Stat: fs.ErrNotExist, fs.ErrPermission, or what
	// else the target said.
	Err error
}

// Odd reports whether ParseStat can tell what was said about a name only where it
// was asked about that one alone: its record is longer than a line, or tools
// write it in some other way when they complain.
func Odd(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			return true
		}
	}
	return false
}

// ParseStat reads what stat -c StatFormat printed about names, of which none is
// Odd unless it is the only one. What is not there stands on stderr alone, with
// the reason at the end of the line. Names of which nothing was said are not in
// the map.
func ParseStat(stdout, stderr []byte, names []string) (map[string]StatAnswer, error) {
	out := make(map[string]StatAnswer, len(names))
	for text := string(stdout); text != ""; {
		s, rest, err := parseStatHead(text)
		if err != nil {
			return nil, err
		}
		end := strings.IndexByte(rest, '\n')
		if len(names) == 1 {
			end = len(rest) - 1 // all that is left is the name
		}
		if end < 0 || rest[end] != '\n' {
			return nil, fmt.Errorf("stat: the record of %.80q has no end", rest)
		}
		name := rest[:end]
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("stat: answered about %.80q, which was not asked", name)
		}
		out[name], text = StatAnswer{Stat: s}, rest[end+1:]
	}
	for _, name := range names {
		if _, ok := out[name]; ok {
			continue
		}
		if reason, ok := complaint(stderr, name, len(names) == 1); ok {
			out[name] = StatAnswer{Err: ParseErrno(reason)}
		}
	}
	return out, nil
}

// complaint finds what was said about a name that has no record.
func complaint(stderr []byte, name string, alone bool) (reason []byte, ok bool) {
	if alone {
		return stderr, len(stderr) > 0
	}
	for line := range bytes.Lines(stderr) {
		if _, reason, ok := bytes.Cut(line, []byte("'"+name+"': ")); ok {
			return reason, true
		}
	}
	return nil, false
}

// parseStatHead reads a record up to the name.
func parseStatHead(text string) (s Stat, rest string, err error) {
	f := strings.SplitN(text, ":", 4)
	if len(f) != 4 {
		return s, "", fmt.Errorf("stat: cannot read the record %.80q", text)
	}
	n := strings.Split(f[0], " ")
	if len(n) != 5 {
		return s, "", fmt.Errorf("stat: want five numbers, got %.80q", f[0])
	}
	mode, err1 := strconv.ParseUint(n[0], 16, 32)
	uid, err2 := strconv.ParseUint(n[1], 10, 32)
	gid, err3 := strconv.ParseUint(n[2], 10, 32)
	size, err4 := strconv.ParseInt(n[3], 10, 64)
	seconds, err5 := strconv.ParseInt(n[4], 10, 64)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return s, "", fmt.Errorf("stat: cannot read the record %.80q: %w", f[0], err)
		}
	}
	s = Stat{
		Mode: uint32(mode), UID: int(uid), GID: int(gid), Size: size, ModTime: time.Unix(seconds, 0),
		Owner: accountName(f[1], n[1]), Group: accountName(f[2], n[2]),
	}
	return s, f[3], nil
}

// accountName is a name as stat(1) prints it: "UNKNOWN", or the number again,
// stands for none.
func accountName(name, number string) string {
	if name == "UNKNOWN" || name == number {
		return ""
	}
	return name
}
