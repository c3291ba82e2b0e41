package fact

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A Unit is what systemd says about one unit (org.freedesktop.systemd1(5)).
type Unit struct {
	ID            string   // the real name, also when an alias was asked for
	Names         []string // all names of it
	LoadState     string   // "loaded", "not-found", "masked", "bad-setting", "error"
	ActiveState   string   // "active", "reloading", "inactive", "failed", "activating", "deactivating"
	SubState      string   // "running", "exited", "dead"
	UnitFileState string   // as systemd remembers it, which need not be what the disk says; empty where there is no unit file
	Result        string   // of a service: "success", "exit-code"
	MainPID       int      // 0 where no main process runs
	WantedBy      []string // loaded units that start it, by whatever dependency
	TriggeredBy   []string // loaded sockets, timers and the like that start it
}

// UnitProperties are the properties that ParseUnits reads, as systemctl show -p
// takes them.
const UnitProperties = "Id,Names,LoadState,ActiveState,SubState,UnitFileState,Result,MainPID,WantedBy,RequiredBy,UpheldBy,TriggeredBy"

// ParseUnits reads what
//
//	systemctl show -p UnitProperties -- UNIT...
//
// prints: a block of KEY=VALUE lines for each unit, in the order asked, with the
// properties in an order of systemd's own. Blocks stand apart by blank lines, and
// where such a line is missing a property that comes again begins the next.
func ParseUnits(r io.Reader) ([]Unit, error) { return parseUnitBlocks(r, unitOf) }

// parseUnitBlocks reads blocks of KEY=VALUE lines, and makes something of each.
func parseUnitBlocks[U any](r io.Reader, unitOf func(block map[string]string) (U, error)) ([]U, error) {
	var units []U
	block := map[string]string{}
	flush := func() error {
		if len(block) == 0 {
			return nil
		}
		u, err := unitOf(block)
		units = append(units, u)
		block = map[string]string{}
		return err
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		key, value, ok := strings.Cut(s.Text(), "=")
		if s.Text() != "" && !ok {
			return nil, fmt.Errorf("systemctl show, line %d: want KEY=VALUE, got %q", n, s.Text())
		}
		if _, again := block[key]; again || !ok {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		if ok {
			block[key] = value
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("systemctl show: %w", err)
	}
	return units, flush()
}

func unitOf(block map[string]string) (Unit, error) {
	u := Unit{
		ID: block["Id"], Names: strings.Fields(block["Names"]),
		LoadState: block["LoadState"], ActiveState: block["ActiveState"], SubState: block["SubState"],
		UnitFileState: block["UnitFileState"], Result: block["Result"], TriggeredBy: append([]string(nil), strings.Fields(block["TriggeredBy"])...),
	}
	if u.ID == "" || u.LoadState == "" || u.ActiveState == "" {
		return u, fmt.Errorf("systemctl show: a unit came without Id, LoadState or ActiveState")
	}
	if pid, ok := block["MainPID"]; ok {
		n, err := strconv.ParseUint(pid, 10, 31)
		if err != nil {
			return u, fmt.Errorf("systemctl show: MainPID of %s is %q", u.ID, pid)
		}
		u.MainPID = int(n)
	}
	for _, key := range []string{"WantedBy", "RequiredBy", "UpheldBy"} {
		u.WantedBy = append(u.WantedBy, strings.Fields(block[key])...)
	}
	return u, nil
}

// An Enablement is how systemctl is-enabled answered about one unit.
type Enablement struct {
	// State is the state of its unit file on the disk; empty where there is none.
	State string
	// Real is what it says of what a state does not tell: whose name an alias is, or
	// the script behind a generated unit. It may be empty.
	Real string
	// Failed says that it could not be told.
	Failed bool
}

// Enabled reports whether the state is one in which the unit's own [Install] section
// starts it.
func (e Enablement) Enabled() bool { return isEnabled(e.State) || isEnabled(e.Real) }

func isEnabled(state string) bool { return state == "enabled" || state == "enabled-runtime" }

// ParseEnablement reads a line for each of n units: "state STATE", "state STATE REAL",
// "none" where there is no unit file, or "failed".
func ParseEnablement(text string, n int) ([]Enablement, error) {
	var out []Enablement
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		e := Enablement{Failed: f[0] == "failed"}
		switch {
		case f[0] == "state" && len(f) >= 2 && len(f) <= 3 && isState(f[1]):
			if f[1] != "not-found" {
				e.State = f[1]
			}
			if len(f) == 3 && isState(f[2]) {
				e.Real = f[2]
			}
		case len(f) > 1 || f[0] != "none" && !e.Failed:
			return nil, fmt.Errorf("systemctl is-enabled: cannot read %.80q", line)
		}
		out = append(out, e)
	}
	if len(out) != n {
		return nil, fmt.Errorf("systemctl is-enabled was asked about %d units and told about %d", n, len(out))
	}
	return out, nil
}

// isState reports whether a word is written like a state of a unit file.
func isState(word string) bool {
	return word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// A UnitFile is a line of systemctl list-unit-files.
type UnitFile struct {
	Name  string
	State string // as systemctl is-enabled says it
}

// ParseUnitFiles reads what
//
//	systemctl list-unit-files --no-legend --no-pager --plain --full
//
// prints: a name, its state and, since systemd 244, the vendor's preset.
func ParseUnitFiles(r io.Reader) ([]UnitFile, error) {
	var out []UnitFile
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		f := strings.Fields(s.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) < 2 || len(f) > 3 {
			return nil, fmt.Errorf("systemctl list-unit-files, line %d: want two or three fields, got %q", n, s.Text())
		}
		out = append(out, UnitFile{Name: f[0], State: f[1]})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("systemctl list-unit-files: %w", err)
	}
	return out, nil
}

// ParseProperty reads what
//
//	systemctl show --all -p KEY -- UNIT
//
// prints about one property of one unit. Of a property that comes several times,
// as ExecStart= of a oneshot service may, the values are joined by newlines;
// values hold newlines of their own, too. ok is false where systemd knows no such
// property and hence prints nothing.
func ParseProperty(text, key string) (value string, ok bool, err error) {
	if text == "" {
		return "", false, nil
	}
	text, ok = strings.CutPrefix(text, key+"=")
	if !ok {
		return "", false, fmt.Errorf("systemctl show: want %s=VALUE, got %q", key, firstLine(text))
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n"+key+"=", "\n"), true, nil
}

// PropertyNames returns the names of properties in what systemctl show --all
// prints about one unit. What looks like one within a value cannot be told from
// one, so they are for people to read.
func PropertyNames(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if key, _, ok := strings.Cut(line, "="); ok && IsProperty(key) {
			names = append(names, key)
		}
	}
	return names
}

// IsProperty reports whether key is written like the properties of D-Bus: letters
// and digits, the first a letter.
func IsProperty(key string) bool {
	for i := range len(key) {
		c := key[i]
		letter := 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return key != ""
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// unitTypes are the suffixes of unit names (systemd.unit(5)).
var unitTypes = []string{"service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"}

// UnitName returns the name of the unit that people mean by name: a bare name is
// that of a service. A name that systemd would refuse, or take for a pattern or a
// path, is an error (systemd.unit(5), "Unit names").
func UnitName(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("the name is empty")
	}
	for _, r := range name {
		switch {
		case r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(`:-_.\@`, r)):
		case r == '/':
			return "", fmt.Errorf("%q is not the name of a unit: a path is written as systemd-escape --path prints it", name)
		default:
			return "", fmt.Errorf("%q is not the name of a unit: %q cannot stand in one (one unit is asked for, never a pattern)", name, r)
		}
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || !slices.Contains(unitTypes, name[dot+1:]) {
		name, dot = name+".service", len(name)
	}
	switch {
	case len(name) > 255:
		return "", fmt.Errorf("the name of a unit has at most 255 characters, and this one has %d", len(name))
	case dot == 0 || name[0] == '@':
		return "", fmt.Errorf("%q is not the name of a unit: nothing stands before its %q", name, name[:1])
	}
	return name, nil
}

// IsTemplate reports whether a unit's name is that of a template, as in
// getty@.service: it never runs itself, only its instances do.
func IsTemplate(unit string) bool {
	at, dot := strings.IndexByte(unit, '@'), strings.LastIndexByte(unit, '.')
	return at >= 0 && at+1 == dot
}
