package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// processTable is all processes of a target but those that ask.
type processTable struct {
	processes []*fact.Process
	users     map[int][]string // names in /etc/passwd, by UID
	// hidden says why there may be more than these; empty if there are not.
	hidden string
}

// allOf is the one name of kinds that tell about everything at once.
const allOf = "all"

// processScript prints what is known about all processes, part by part, with three
// processes of its own. The lines that are let through first are those of the kernel
// and of /etc/passwd; what users can write into their arguments stands behind NULs
// and comes last.
const processScript = `echo $$
grep -aHE '` + fact.StatusPattern + `|^[^:]+:[^:]*:[0-9]+:|^[^ ]+ /proc proc ' /proc/[0-9]*/status /etc/passwd /proc/mounts
echo "
EXES $?"
` + listLinks + ` /proc/[0-9]*/exe 2>/dev/null
echo "
ARGUMENTS"
grep -aHz '' /proc/[0-9]*/cmdline 2>/dev/null`

// listLinks is ls, which quotes what it prints so that no name can be taken for a
// line, where it knows how to; that of busybox puts question marks in its place.
const listLinks = `QUOTING_STYLE=c TIME_STYLE=long-iso ls -ln`

var processes = &target.Kind[processTable]{
	Name: "process table",
	Ask:  tableOf(processScript, "/proc/[0-9]*/{status,exe,cmdline}"),
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[processTable], error) {
		t, err := parseProcesses(sys, o)
		if err != nil {
			return nil, err
		}
		return map[string]target.Answer[processTable]{q.Names[0]: {Fact: t}}, nil
	},
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, _ string) (processTable, error) {
		return readProcesses(ctx, r)
	}),
	Reads: func(string) string { return "/proc/[0-9]*/{status,exe,cmdline}" },
}

func parseProcesses(sys target.System, o target.Output) (processTable, error) {
	var none processTable
	first, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
	shell, err := strconv.Atoi(string(first))
	if err != nil {
		return none, fmt.Errorf("want the shell's own PID, got %.100q", first)
	}
	lines, rest, ok := bytes.Cut(rest, []byte("\nEXES "))
	status, rest, ok2 := bytes.Cut(rest, []byte("\n"))
	exes, arguments, ok3 := bytes.Cut(rest, []byte("\nARGUMENTS\n"))
	if !ok || !ok2 || !ok3 {
		return none, errors.New("the list of processes is not whole")
	}
	// A process that has ended meanwhile makes grep end with 2.
	if code, err := strconv.Atoi(string(status)); err != nil || code > 2 || o.Status.Code > 2 {
		return none, fmt.Errorf("the processes cannot be listed: %s", firstWords(o))
	}
	statuses, passwd, mounts := splitByFile(lines)
	table := fact.ProcessTable{}
	if err := errors.Join(table.ParseStatuses(statuses), table.ParseExes(exes), table.ParseCmdlines(arguments)); err != nil {
		return none, err
	}
	if !table.Complete() {
		return none, fmt.Errorf("no process is to be seen, not even our own: %s", firstWords(o))
	}
	t := processTable{processes: withoutProbes(table, shell), users: map[int][]string{}}
	fact.ParseUserNames(passwd, t.users)
	if sys.UID != 0 {
		t.hidden = hiddenProcesses(string(mounts), string(o.Stderr))
	}
	return t, nil
}

// splitByFile takes apart what grep -H has found in the files of processScript.
func splitByFile(lines []byte) (statuses, passwd, mounts []byte) {
	for line := range bytes.Lines(lines) {
		if rest, ok := bytes.CutPrefix(line, []byte("/etc/passwd:")); ok {
			passwd = append(passwd, rest...)
		} else if rest, ok := bytes.CutPrefix(line, []byte("/proc/mounts:")); ok {
			mounts = append(mounts, rest...)
		} else if len(bytes.TrimSpace(line)) > 0 {
			statuses = append(statuses, line...)
		}
	}
	return statuses, passwd, mounts
}

// hiddenProcesses says why the account that asks may not see all processes.
func hiddenProcesses(mounts, stderr string) string {
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 4 || f[1] != "/proc" || f[2] != "proc" {
			continue
		}
		for _, option := range strings.Split(f[3], ",") {
			if v, ok := strings.CutPrefix(option, "hidepid="); ok && v != "0" && v != "off" {
				return "/proc is mounted with " + option + ", so that processes of others are not seen"
			}
		}
	}
	if strings.Contains(stderr, "/status: Permission denied") || strings.Contains(stderr, "/status: Operation not permitted") {
		return "some processes may not be looked at"
	}
	return ""
}

// withoutProbes leaves out our own shells and all that they run to ask. The shell
// that answers has the PID given, or none has where files are read without one.
// What a command of an author has started is not ours.
func withoutProbes(t fact.ProcessTable, shell int) []*fact.Process {
	ours := map[int]bool{}
	for pid, p := range t {
		switch parent := t[p.Parent]; {
		case asks(p.Args):
			ours[pid] = true
			// The login shell that was given the command, unless it has become
			// the shell itself.
			if parent != nil && len(parent.Args) == 3 && parent.Args[1] == "-c" {
				ours[p.Parent] = true
			}
		case parent != nil && asks(parent.Args) && len(p.Args) == 1 && (p.Args[0] == "cat" || p.Args[0] == "sh"):
			ours[pid] = true // the halves of its pipe
		case descends(t, pid, shell):
			ours[pid] = true
		}
	}
	return slices.DeleteFunc(t.Sorted(), func(p *fact.Process) bool { return ours[p.PID] })
}

// asks reports whether a process is one of our shells, or is about to become one.
func asks(args []string) bool {
	return target.OwnShell(args) || len(args) == 3 && args[1] == "-c" &&
		(strings.Contains(args[2], `eval "$(printf %b "echo pid-`) || strings.Contains(args[2], `IFS= read -r s && eval "$(printf %b "$s")"`))
}

// descends reports whether a process is an ancestor's or the ancestor itself. A
// table that was read while processes came and went may hold circles.
func descends(t fact.ProcessTable, pid, ancestor int) bool {
	for range len(t) {
		if pid == ancestor {
			return ancestor != 0
		}
		p := t[pid]
		if p == nil {
			return false
		}
		pid = p.Parent
	}
	return false
}

// readProcesses looks at /proc by reading files.
func readProcesses(ctx context.Context, r backends.FileReader) (processTable, error) {
	var none processTable
	names, err := r.ReadDir(ctx, "/proc")
	if err != nil {
		return none, err
	}
	table := make(fact.ProcessTable, len(names))
	t := processTable{users: map[int][]string{}}
	files := procReader{ctx: ctx, files: r}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		switch err := files.process(table.Add(pid)); {
		case errors.Is(err, fs.ErrPermission):
			t.hidden = "some processes may not be looked at"
		case err != nil:
			return none, err
		}
	}
	if !table.Complete() {
		return none, errors.New("no process is to be seen in /proc, not even our own")
	}
	passwd, err := readFile(ctx, r, "/etc/passwd")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return none, err
	}
	fact.ParseUserNames(passwd, t.users)
	self, err := r.Stat(ctx, "/proc/self", true)
	if err != nil {
		return none, err
	}
	if self.UID != 0 && t.hidden == "" {
		mounts, err := files.read("/proc/mounts")
		if err != nil {
			return none, err
		}
		t.hidden = hiddenProcesses(string(mounts), "")
	}
	t.processes = withoutProbes(table, 0)
	return t, nil
}

// gone reports whether an error means that a process has ended meanwhile.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// procReader reads many small files of /proc into one buffer.
type procReader struct {
	ctx   context.Context
	files backends.FileReader
	buf   []byte
}

// read returns the content of a file, which is good until the next call.
func (r *procReader) read(name string) ([]byte, error) {
	var err error
	if quick, ok := r.files.(interface {
		AppendProcFile(ctx context.Context, buf []byte, name string) ([]byte, error)
	}); ok {
		r.buf, err = quick.AppendProcFile(r.ctx, r.buf[:0], name)
	} else {
		r.buf, err = readFile(r.ctx, r.files, name)
	}
	return r.buf, err
}

// process reads what there is to know about one process. Of one that has ended the
// table is not Complete.
func (r *procReader) process(p *fact.Process) error {
	dir := "/proc/" + strconv.Itoa(p.PID)
	status, err := r.read(dir + "/status")
	if err == nil {
		err = p.SetStatus(status)
	}
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	cmdline, err := r.read(dir + "/cmdline")
	if err == nil {
		p.Args = fact.SplitCmdline(string(cmdline))
		p.Exe, err = r.files.ReadLink(r.ctx, dir+"/exe")
	}
	switch {
	case gone(err) && !p.Kernel() && p.State != "Z":
		p.State = "" // it has ended since
	case err != nil && !gone(err) && !errors.Is(err, fs.ErrPermission):
		return err
	}
	return nil
}

func readFile(ctx context.Context, r backends.FileReader, name string) ([]byte, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// process finds a process by its number; nil where it is not in the table.
func (t processTable) process(pid int) *fact.Process {
	i, ok := slices.BinarySearchFunc(t.processes, pid, func(p *fact.Process, pid int) int { return p.PID - pid })
	if !ok {
		return nil
	}
	return t.processes[i]
}

// owner is the name of a user, or its number where it has none.
func (t processTable) owner(uid int) string {
	if names := t.users[uid]; len(names) > 0 {
		return names[0]
	}
	return strconv.Itoa(uid)
}

// names are the names of all processes.
func (t processTable) names() []string {
	set := map[string]bool{}
	for _, p := range t.processes {
		if n := p.Name(); n != "" {
			set[n] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
