package fact

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Process is what /proc tells about one process.
type Process struct {
	PID, Parent int
	State       string   // one letter: "S" sleeping, "R" running, "Z" zombie, ... (proc_pid_status(5))
	UID         int      // effective
	Comm        string   // the kernel's name, of at most 15 bytes unless it is a kernel thread's
	Exe         string   // what /proc/PID/exe points to; empty where it may not be read or there is none
	Args        []string // the command line; empty for kernel threads and zombies
}

// maxComm is how much of a name the kernel keeps (TASK_COMM_LEN without its NUL).
const maxComm = 15

// Zombie tells whether the process has ended and only waits for its parent to
// take notice.
func (p Process) Zombie() bool { return p.State == "Z" || p.State == "X" }

// Name is the base name of the program that the process runs, where it may be
// read; else of its first argument, where the title that some daemons put there
// ("nginx: worker process") counts up to the colon; else what the kernel calls it,
// unless that may be cut off. It is empty where none of these tells.
func (p Process) Name() string {
	exe := path.Base(strings.TrimSuffix(p.Exe, " (deleted)"))
	// ls writes what it cannot print as a question mark.
	if p.Exe != "" && !strings.Contains(exe, "?") {
		return exe
	}
	if len(p.Args) > 0 && p.Args[0] != "" {
		title, _, titled := strings.Cut(p.Args[0], ": ")
		if titled && title == p.Comm {
			return title
		}
		return path.Base(strings.TrimPrefix(p.Args[0], "-"))
	}
	if len(p.Comm) == maxComm {
		return ""
	}
	return p.Comm
}

// MayBe tells whether a process whose name is not known may have this one.
func (p Process) MayBe(name string) bool {
	return p.Name() == "" && strings.HasPrefix(name, p.Comm)
}

// A ProcessTable is all processes that were seen, by PID.
type ProcessTable map[int]*Process

// Sorted returns the processes by PID.
func (t ProcessTable) Sorted() []Process {
	out := make([]Process, 0, len(t))
	for _, p := range t {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Process) int { return a.PID - b.PID })
	return out
}

// SetStatus reads one line of /proc/PID/status, proc_pid_status(5). Lines that
// are of no interest are passed over.
func (t ProcessTable) SetStatus(pid int, line string) error {
	p := t[pid]
	if p == nil {
		p = &Process{PID: pid, UID: -1}
		t[pid] = p
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("/proc/%d/status: cannot read %q", pid, line)
	}
	value = strings.TrimPrefix(value, "\t")
	var err error
	switch key {
	case "Name":
		p.Comm = unescapeComm(value)
	case "State":
		p.State, _, _ = strings.Cut(value, " ")
	case "PPid":
		p.Parent, err = strconv.Atoi(value)
	case "Uid": // real, effective, saved, of the file system
		f := strings.Fields(value)
		if len(f) != 4 {
			return fmt.Errorf("/proc/%d/status: want four numbers, got %q", pid, line)
		}
		p.UID, err = strconv.Atoi(f[1])
	}
	if err != nil {
		return fmt.Errorf("/proc/%d/status: want a number, got %q", pid, line)
	}
	return nil
}

// unescapeComm undoes what the kernel does to a name in /proc/PID/status: newline
// and backslash are escaped.
func unescapeComm(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Complete drops what ended while it was looked at, and tells whether anything is
// left.
func (t ProcessTable) Complete() bool {
	for pid, p := range t {
		if p.State == "" || p.UID < 0 {
			delete(t, pid)
		}
	}
	return len(t) > 0
}

// ParseStatuses reads the lines of several files /proc/PID/status, as grep -H
// prints them:
//
//	/proc/1/status:Name:	systemd
func (t ProcessTable) ParseStatuses(text []byte) error {
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		pid, rest, ok := cutProc(s.Text(), "status:")
		if !ok {
			return fmt.Errorf("want a line of /proc/PID/status, got %q", s.Text())
		}
		if err := t.SetStatus(pid, rest); err != nil {
			return err
		}
	}
	return s.Err()
}

// ParseCmdlines reads the files /proc/PID/cmdline of processes that are known
// already, as grep -Hz prints them: each argument behind the file's name, with a
// NUL at its end.
func (t ProcessTable) ParseCmdlines(text []byte) error {
	for record := range bytes.SplitSeq(text, []byte{0}) {
		if len(record) == 0 {
			continue
		}
		pid, rest, ok := cutProc(string(record), "cmdline:")
		if !ok {
			return fmt.Errorf("want an argument of /proc/PID/cmdline, got %.200q", record)
		}
		if p := t[pid]; p != nil {
			p.Args = append(p.Args, rest)
		}
	}
	return nil
}

// ParseExes reads the links /proc/PID/exe of processes that are known already, as
// ls -l prints them. Links that could not be read have no arrow.
func (t ProcessTable) ParseExes(text []byte) error {
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		i := strings.Index(s.Text(), " /proc/")
		if i < 0 {
			return fmt.Errorf("ls -l: want a link /proc/PID/exe, got %q", s.Text())
		}
		pid, rest, ok := cutProc(s.Text()[i+1:], "exe")
		if !ok {
			return fmt.Errorf("ls -l: want a link /proc/PID/exe, got %q", s.Text())
		}
		if target, ok := strings.CutPrefix(rest, " -> "); ok && t[pid] != nil {
			t[pid].Exe = target
		}
	}
	return s.Err()
}

// SplitCmdline cuts the content of /proc/PID/cmdline into arguments.
func SplitCmdline(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\x00"), "\x00")
}

// cutProc cuts /proc/PID/NAME off the front of a text.
func cutProc(s, name string) (pid int, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "/proc/")
	digits, rest, slash := strings.Cut(s, "/")
	rest, named := strings.CutPrefix(rest, name)
	n, err := strconv.ParseUint(digits, 10, 31)
	return int(n), rest, ok && slash && named && err == nil
}

// ParseUserNames reads lines that begin with NAME:...:UID, of which uidField says
// which field the number is: 2 in passwd(5), 1 in what was cut down to both. A
// user may have several names.
func ParseUserNames(text []byte, uidField int, into map[int][]string) error {
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		f := strings.Split(s.Text(), ":")
		if len(f) <= uidField {
			continue // a comment, or a line for NIS
		}
		uid, err := strconv.Atoi(f[uidField])
		if err != nil || f[0] == "" {
			continue
		}
		if !slices.Contains(into[uid], f[0]) {
			into[uid] = append(into[uid], f[0])
		}
	}
	return s.Err()
}
