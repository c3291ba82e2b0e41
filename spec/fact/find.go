package fact

import (
	"fmt"
	"strconv"
	"strings"
)

// FindFormat is the -printf format of GNU find(1) that ParseFind reads.
const FindFormat = `%y %m %U %G %s %T@ %C@ %i %p\0%l\0`

// FindStatFormat is the -c format of stat(1) that ParseFindStat reads behind a
// mark, where find has no -printf.
const FindStatFormat = "%f %u %g %s %Y %Z %i:%N"

// A FileRow is what stands about one file in a list of many. All but the name and
// the link are numbers in the words of the target, so that a list of a hundred
// thousand needs little work.
type FileRow struct {
	Name string
	// Link is where a symbolic link leads, as it is written there.
	Link string
	// Type is one letter, as find -printf %y has it: f, d, l, p, s, b, c.
	Type string
	// Mode is four octal digits, "0644"; UID, GID, Size (bytes) and Inode are
	// decimal.
	Mode, UID, GID, Size, Inode string
	// ModTime and Changed are mtime and ctime in seconds since 1970, with or without
	// a fraction.
	ModTime, Changed string
}

// ParseFind reads what find -printf FindFormat printed: a head, a space, the name,
// a NUL, the link, a NUL.
func ParseFind(text string) ([]FileRow, error) {
	rows := make([]FileRow, 0, strings.Count(text, "\x00")/2)
	for text != "" {
		record, rest, ok := strings.Cut(text, "\x00")
		link, rest, ok2 := strings.Cut(rest, "\x00")
		if !ok || !ok2 {
			return nil, fmt.Errorf("find: the record %.80q is not whole", record)
		}
		f := strings.SplitN(record, " ", 9)
		if len(f) != 9 || len(f[0]) != 1 || f[8] == "" {
			return nil, fmt.Errorf("find: cannot read the record %.80q", record)
		}
		r := FileRow{Type: f[0], Mode: f[1], UID: f[2], GID: f[3], Size: f[4], ModTime: f[5], Changed: f[6], Inode: f[7], Name: f[8], Link: link}
		if len(r.Mode) < 4 {
			r.Mode = "0000"[len(r.Mode):] + r.Mode
		}
		if err := r.check(); err != nil {
			return nil, err
		}
		rows = append(rows, r)
		text = rest
	}
	return rows, nil
}

// check tells what is not a number.
func (r FileRow) check() error {
	for _, n := range []string{r.Mode, r.UID, r.GID, r.Size, r.Inode} {
		if n == "" || strings.Trim(n, "0123456789") != "" {
			return fmt.Errorf("find: %.80q has %.20q where a number belongs", r.Name, n)
		}
	}
	for _, n := range []string{r.ModTime, r.Changed} {
		if n == "" || strings.Trim(n, "-.0123456789") != "" {
			return fmt.Errorf("find: %.80q has %.40q where a time belongs", r.Name, n)
		}
	}
	return nil
}

// fileTypes are the letters of find(1) for the type bits of st_mode, inode(7).
var fileTypes = map[uint64]string{
	modeSocket: "s", modeLink: "l", modeRegular: "f", modeBlock: "b",
	modeDirectory: "d", modeCharacter: "c", modePipe: "p",
}

// ParseFindStat reads what stat -c 'MARK FindStatFormat' of busybox printed. The
// mark is a word that stands in no name. %N of a link is 'NAME' -> 'TARGET' there,
// without any escapes; which of several arrows is meant follows from the size of
// the link, which is the length of its target.
func ParseFindStat(text, mark string) ([]FileRow, error) {
	var rows []FileRow
	records := strings.Split(text, mark+" ")
	if records[0] != "" {
		return nil, fmt.Errorf("stat: want a record, got %.80q", records[0])
	}
	for _, record := range records[1:] {
		head, name, ok := strings.Cut(record, ":")
		name, ok2 := strings.CutSuffix(name, "\n")
		f := strings.Split(head, " ")
		if !ok || !ok2 || len(f) != 7 || name == "" {
			return nil, fmt.Errorf("stat: cannot read the record %.80q", record)
		}
		mode, err := strconv.ParseUint(f[0], 16, 32)
		if err != nil {
			return nil, fmt.Errorf("stat: cannot read the record %.80q", record)
		}
		r := FileRow{Name: name, Type: fileTypes[mode&modeType], Mode: fmt.Sprintf("%04o", mode&0o7777),
			UID: f[1], GID: f[2], Size: f[3], ModTime: f[4], Changed: f[5], Inode: f[6]}
		if r.Type == "" {
			return nil, fmt.Errorf("stat: %.80q is of no known type: %s", name, f[0])
		}
		if r.Type == "l" {
			if err := r.cutLink(); err != nil {
				return nil, err
			}
		}
		if err := r.check(); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// cutLink parts 'NAME' -> 'TARGET'.
func (r *FileRow) cutLink() error {
	const arrow = "' -> '"
	size, err := strconv.ParseUint(r.Size, 10, 31)
	at := len(r.Name) - 1 - int(size) - len(arrow)
	if err != nil || at < 1 || r.Name[0] != '\'' || r.Name[at:at+len(arrow)] != arrow || r.Name[len(r.Name)-1] != '\'' {
		return fmt.Errorf("stat: cannot read the link %.160q", r.Name)
	}
	r.Name, r.Link = r.Name[1:at], r.Name[at+len(arrow):len(r.Name)-1]
	return nil
}

// ParseSHA256 reads what sha256sum printed about files: 64 digits, a space, a space
// or an asterisk, the name. GNU's begins a line with a backslash where it has
// escaped the name's newlines and backslashes; busybox never escapes, so names
// with newlines must be kept from it. The sums are by name.
func ParseSHA256(text string) (map[string]string, error) {
	sums := make(map[string]string, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		record, whole := strings.CutSuffix(line, "\n")
		record, escaped := strings.CutPrefix(record, `\`)
		if !whole || len(record) < 67 || !isSHA256(record[:64]) || record[64] != ' ' || record[65] != ' ' && record[65] != '*' {
			return nil, fmt.Errorf("sha256sum: cannot read the line %.160q", line)
		}
		name := record[66:]
		if escaped {
			name = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace(name)
		}
		sums[name] = record[:64]
	}
	return sums, nil
}

func isSHA256(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 64
}

// ParseComplaints reads what find(1), stat(1), sha256sum(1), grep(1) and their
// likes said about files on stderr, in the C locale: "TOOL: NAME: REASON", with the
// name in quotes or not, and with words such as "can't open" before it. The reasons
// are by name; lines of any other form come back as they are.
func ParseComplaints(stderr []byte) (reasons map[string]string, other []string) {
	reasons = map[string]string{}
	for line := range strings.Lines(string(stderr)) {
		line = strings.TrimSuffix(line, "\n")
		_, text, ok := strings.Cut(line, ": ")
		i := strings.LastIndex(text, ": ")
		if !ok || i < 0 {
			other = append(other, line)
			continue
		}
		name, reason := text[:i], text[i+2:]
		slash := strings.IndexByte(name, '/')
		if slash < 0 {
			other = append(other, line)
			continue
		}
		if before := name[:slash]; strings.HasSuffix(before, "'") {
			name = strings.TrimSuffix(name[slash:], "'")
		} else if before == "" || strings.HasSuffix(before, " ") {
			name = name[slash:]
		} else {
			other = append(other, line)
			continue
		}
		reasons[name] = reason
	}
	return reasons, other
}
