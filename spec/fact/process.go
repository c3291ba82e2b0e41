package fact

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A Process is what /proc says about one process.
type Process struct {
	PID, Parent int
	State       string   // one letter: "S" sleeping, "R" running, "Z" zombie, ... (proc_pid_status(5))
	UID         int      // effective
	Comm        string   // the kernel's name, of at most 15 bytes unless it is a kernel thread's
	Exe         string   // what /proc/PID/exe points to; empty where it may not be read or does not exist
	Args        []string // the command line; empty for kernel threads and zombies

	threads int
	memory  bool // it has an address space of its own
	kernel  bool // the kernel itself says that it is one of its threads
}

// maxComm is how much of a name the kernel keeps (TASK_COMM_LEN without its NUL).
const maxComm = 15

// Zombie reports whether the process has ended and only waits for its parent to
// take notice. One whose first thread has ended while others go on is alive.
func (p *Process) Zombie() bool { return (p.State == "Z" || p.State == "X") && p.threads < 2 }

// Kernel reports whether the process is a thread of the kernel. Older kernels do
// not say so; their threads have no memory, no program and no arguments.
func (p *Process) Kernel() bool {
	return p.kernel || !p.memory && p.Exe == "" && len(p.Args) == 0 && p.State != "Z" && p.State != "X"
}

// A ProcessTable is all processes that were seen, by PID.
type ProcessTable map[int]*Process

// Sorted returns the processes by PID.
func (t ProcessTable) Sorted() []*Process {
	out := make([]*Process, 0, len(t))
	for _, p := range t {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Process) int { return a.PID - b.PID })
	return out
}

// Add returns the process of that PID, which it adds if the table lacks it.
func (t ProcessTable) Add(pid int) *Process {
	p := t[pid]
	if p == nil {
		p = &Process{PID: pid, UID: -1}
		t[pid] = p
	}
	return p
}

// SetStatus reads lines of /proc/PID/status, proc_pid_status(5), and passes over
// those that are of no interest.
func (p *Process) SetStatus(lines []byte) error {
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		if err := p.setStatus(line); err != nil {
			return fmt.Errorf("/proc/%d/status: %w", p.PID, err)
		}
		lines = rest
	}
	return nil
}

func (p *Process) setStatus(line []byte) error {
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return fmt.Errorf("cannot read %q", line)
	}
	value = bytes.TrimPrefix(value, []byte("\t"))
	number := func(field []byte) (n int, err error) {
		if n, err = strconv.Atoi(string(field)); err != nil {
			err = fmt.Errorf("want a number, got %q", line)
		}
		return n, err
	}
	var err error
	switch string(key) {
	case "Name":
		p.Comm = unescapeComm(string(value))
	case "State":
		value, _, _ = bytes.Cut(value, []byte(" "))
		p.State = string(value)
	case "PPid":
		p.Parent, err = number(value)
	case "Threads":
		p.threads, err = number(value)
	case "VmSize":
		p.memory = true
	case "Kthread":
		p.kernel = string(value) == "1"
	case "Uid": // real, effective, saved, of the file system
		f := bytes.Fields(value)
		if len(f) != 4 {
			return fmt.Errorf("want four numbers, got %q", line)
		}
		p.UID, err = number(f[1])
	}
	return err
}

// unescapeComm undoes what the kernel does to a name in /proc/PID/status: newline
// and backslash are escaped.
func unescapeComm(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Complete drops what ended while it was looked at, and reports whether anything
// is left.
func (t ProcessTable) Complete() bool {
	for pid, p := range t {
		if p.State == "" || p.UID < 0 {
			delete(t, pid)
		}
	}
	return len(t) > 0
}

// StatusPattern is a regular expression, for grep -E, of the lines of
// /proc/PID/status that SetStatus reads.
const StatusPattern = `^(Name|State|PPid|Uid|Threads|VmSize|Kthread):`

// ParseStatuses reads the lines of several files /proc/PID/status, as grep -H
// prints them:
//
//	/proc/1/status:Name:	systemd
func (t ProcessTable) ParseStatuses(text []byte) error {
	for line := range lines(text) {
		pid, rest, ok := cutProc(line, "status:")
		if !ok {
			return fmt.Errorf("want a line of /proc/PID/status, got %.200q", line)
		}
		if err := t.Add(pid).setStatus(rest); err != nil {
			return fmt.Errorf("/proc/%d/status: %w", pid, err)
		}
	}
	return nil
}

// ParseCmdlines reads the files /proc/PID/cmdline of processes that are known
// already, as grep -Hz prints them: each argument behind the file's name, with a
// NUL at its end.
func (t ProcessTable) ParseCmdlines(text []byte) error {
	for record := range bytes.SplitSeq(text, []byte{0}) {
		if len(record) == 0 {
			continue
		}
		pid, rest, ok := cutProc(record, "cmdline:")
		if !ok {
			return fmt.Errorf("want an argument of /proc/PID/cmdline, got %.200q", record)
		}
		if p := t[pid]; p != nil {
			p.Args = append(p.Args, string(rest))
		}
	}
	return nil
}

// ParseExes reads the links /proc/PID/exe of processes that are known already, as
//
//	QUOTING_STYLE=c ls -ln
//
// prints them. Links that could not be read have no arrow. An ls that does not
// know the variable quotes nothing and may put question marks in place of what
// cannot be printed; such a name is as unknown as one that could not be read. So
// is one with two lines: a newline in a name must not tell of another process.
func (t ProcessTable) ParseExes(text []byte) error {
	seen := map[int]bool{}
	for line := range lines(text) {
		link, target, err := cutLink(line)
		if err != nil {
			return err
		}
		pid, rest, ok := cutProc([]byte(link), "exe")
		if !ok || len(rest) > 0 {
			return fmt.Errorf("ls -l: want a link /proc/PID/exe, got %.200q", line)
		}
		p := t[pid]
		if p == nil {
			continue
		}
		p.Exe = target
		if seen[pid] {
			p.Exe = ""
		}
		seen[pid] = true
	}
	return nil
}

// cutLink reads a line of ls -l about a link below /proc. The target is empty where
// it could not be read.
func cutLink(line []byte) (link, target string, err error) {
	bad := fmt.Errorf("ls -l: want a link below /proc, got %.200q", line)
	if i := bytes.Index(line, []byte(` "/proc/`)); i >= 0 {
		link, rest, err := unquoteC(line[i+1:])
		if err != nil || len(rest) == 0 {
			return link, "", err
		}
		rest, ok := bytes.CutPrefix(rest, []byte(" -> "))
		if !ok {
			return "", "", bad
		}
		target, rest, err = unquoteC(rest)
		if err == nil && len(rest) > 0 {
			err = bad
		}
		return link, target, err
	}
	i := bytes.Index(line, []byte(" /proc/"))
	if i < 0 {
		return "", "", bad
	}
	link, target, _ = strings.Cut(string(line[i+1:]), " -> ")
	if strings.Contains(target, "?") {
		target = ""
	}
	return link, target, nil
}

// unquoteC reads a string in double quotes as C knows it, off the front of a text.
func unquoteC(text []byte) (s string, rest []byte, err error) {
	prefix, err := strconv.QuotedPrefix(string(text))
	if err == nil {
		s, err = strconv.Unquote(prefix)
	}
	if err != nil {
		return "", nil, fmt.Errorf("ls -l: cannot read the quoted name %.200q", text)
	}
	return s, text[len(prefix):], nil
}

// SplitCmdline cuts the content of /proc/PID/cmdline into arguments.
func SplitCmdline(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\x00"), "\x00")
}

// lines yields the lines of a text, however long, without their newlines.
func lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(text) {
			if !yield(bytes.TrimSuffix(line, []byte("\n"))) {
				return
			}
		}
	}
}

// cutProc cuts /proc/PID/NAME off the front of a text.
func cutProc(s []byte, name string) (pid int, rest []byte, ok bool) {
	s, ok = bytes.CutPrefix(s, []byte("/proc/"))
	digits, rest, slash := bytes.Cut(s, []byte("/"))
	rest, named := bytes.CutPrefix(rest, []byte(name))
	n, err := strconv.ParseUint(string(digits), 10, 31)
	return int(n), rest, ok && slash && named && err == nil
}

// ParseUserNames reads lines of passwd(5) and adds the names to those known, by
// number. A user may have several names.
func ParseUserNames(text []byte, into map[int][]string) {
	for line := range lines(text) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		_, rest, ok := bytes.Cut(rest, []byte(":"))
		digits, _, _ := bytes.Cut(rest, []byte(":"))
		uid, err := strconv.Atoi(string(digits))
		if !ok || err != nil || len(name) == 0 {
			continue // a comment, or a line for NIS
		}
		if !slices.Contains(into[uid], string(name)) {
			into[uid] = append(into[uid], string(name))
		}
	}
}
