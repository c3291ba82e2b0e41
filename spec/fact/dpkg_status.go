package fact

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ParseDpkgStatus reads /var/lib/dpkg/status, the database of dpkg(1): stanzas as
// deb-control(5) has them, with a field Status, whose last line is whole. Of a package
// that is installed for several architectures each has a stanza of its own.
func ParseDpkgStatus(r io.Reader) ([]Package, error) { return parseDpkg(r, false) }

// ParseDpkgStatusD reads a file of /var/lib/dpkg/status.d, which images without
// dpkg have, such as distroless ones: there the control file of each package
// is a file of its own. They have no Status, and are there because they are
// installed.
func ParseDpkgStatusD(r io.Reader) ([]Package, error) { return parseDpkg(r, true) }

// parseDpkg reads the syntax of deb-control(5): lines "Name: value", lines that begin
// with a blank and continue the one before, and empty lines between stanzas. Names of
// fields do not mind the case. Only a few fields of each stanza are kept, and nothing of
// the others: there are some 20 lines for each package.
func parseDpkg(r io.Reader, installed bool) ([]Package, error) {
	d := dpkgParser{installed: installed, words: map[string]string{}}
	if !installed {
		d.all = make([]Package, 0, 1024)
	}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 32<<10), 4<<20) // lists of what a package depends on are one line
	s.Split(wholeLines)
	n, err := 0, error(nil)
	for err == nil && s.Scan() {
		n++
		err = d.line(s.Bytes())
	}
	if err == nil {
		err = s.Err()
	}
	if err == nil {
		n++
		err = d.end()
	}
	if err != nil {
		return nil, fmt.Errorf("dpkg: line %d: %w", n, err)
	}
	return d.all, nil
}

// wholeLines is bufio.ScanLines that leaves the lines their ends.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	n := bytes.IndexByte(data, '\n') + 1
	if n == 0 && atEOF {
		n = len(data)
	}
	if n == 0 {
		return 0, nil, nil
	}
	return n, data[:n], nil
}

// A dpkgParser is within a stanza.
type dpkgParser struct {
	installed bool // without a Status
	all       []Package
	begun     bool
	p         Package
	seen      [4]bool // of dpkgFields
	last      int     // of dpkgFields, where the field is one of these; else -1
	words     map[string]string
}

// dpkgFields are the fields that are kept.
var dpkgFields = [4]string{"Package", "Status", "Version", "Architecture"}

// dpkgRevisions are fields that say more of the version, and are no longer written.
var dpkgRevisions = []string{"Revision", "Package-Revision", "Package_Revision"}

// blanks are what dpkg takes for white space within a line.
const blanks = " \t\v\f\r"

func (d *dpkgParser) line(line []byte) error {
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	name, value, ok := bytes.Cut(text, []byte(":"))
	blank := len(bytes.Trim(text, blanks)) == 0
	switch {
	case !whole && !d.installed:
		return fmt.Errorf("the file ends within it: %.80q", text)
	case len(text) == 0, blank && d.installed:
		return d.end()
	case blank:
		return fmt.Errorf("want a field, got white space")
	case text[0] == '#' && d.installed:
	case (text[0] == ' ' || text[0] == '\t') && d.begun && d.last < 0:
	case text[0] == ' ' || text[0] == '\t':
		return fmt.Errorf("it continues nothing that has more than one line: %.80q", text)
	case !ok || len(name) == 0 || bytes.ContainsAny(name, blanks) || name[0] == '#' || name[0] == '-':
		return fmt.Errorf("want a name, a colon and a value, got %.80q", text)
	default:
		d.begun = true
		return d.field(name, bytes.Trim(value, blanks))
	}
	return nil
}

// field keeps a value that is asked for.
func (d *dpkgParser) field(name, value []byte) error {
	is := func(other string) bool { return len(name) == len(other) && strings.EqualFold(string(name), other) }
	d.last = slices.IndexFunc(dpkgFields[:], is)
	switch {
	case d.last < 0 && slices.ContainsFunc(dpkgRevisions, is):
		return fmt.Errorf("the field %s is obsolete", name)
	case d.last < 0:
		return nil
	case len(value) == 0 && !d.installed:
		return fmt.Errorf("the field %s is empty", name)
	case d.seen[d.last]:
		return fmt.Errorf("the stanza has a second %s", name)
	}
	d.seen[d.last] = true
	switch d.last {
	case 0:
		d.p.Name = string(value)
	case 1:
		d.p.Status = d.word(value)
	case 2:
		d.p.Version = string(value)
	case 3:
		d.p.Architecture = d.word(value)
	}
	return nil
}

// word is a text that is the same for many packages.
func (d *dpkgParser) word(value []byte) string {
	word, known := d.words[string(value)]
	if !known {
		word = string(value)
		d.words[word] = word
	}
	return word
}

// end ends a stanza, if one has begun.
func (d *dpkgParser) end() error {
	p, begun := d.p, d.begun
	d.p, d.begun, d.seen, d.last = Package{}, false, [4]bool{}, -1
	if !begun {
		return nil
	}
	if p.Name == "" {
		return fmt.Errorf("before it is a stanza without a Package")
	}
	_, _, state, ok := dpkgStatus(p.Status)
	switch {
	case ok:
		p.Installed = state == "installed"
	case d.installed && p.Status == "":
		p.Installed = true
	default:
		return fmt.Errorf("package %.80q: want a status of three words, got %.80q", p.Name, p.Status)
	}
	if p.Installed && p.Version == "" {
		return fmt.Errorf("package %.80q is installed and has no version", p.Name)
	}
	d.all = append(d.all, p)
	return nil
}

// dpkgStatus takes a Status apart: what is wanted, whether there was an error, and what
// there is.
func dpkgStatus(status string) (want, flag, state string, ok bool) {
	want, rest, _ := strings.Cut(status, " ")
	flag, state, _ = strings.Cut(rest, " ")
	return want, flag, state, want != "" && flag != "" && state != "" && !strings.ContainsAny(state, blanks)
}
