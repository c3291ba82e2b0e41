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
	processes []fact.Process
	users     map[int][]string // names, by UID
	// hidden says why there may be more than these; empty if there are not.
	hidden string
}

// allOf is the one name of kinds that tell about everything at once.
const allOf = "all"

// processScript prints what is known about all processes, part by part. The
// lines that are let through are the kernel's own; what users can write into
// their arguments stands behind NULs and comes last.
const processScript = `echo $$
grep -aHE '^(Name|State|PPid|Uid):' /proc/[0-9]*/status; s=$?; [ $s -le 2 ] || exit $s
echo; echo EXES
q=-lq; ls -q / >/dev/null 2>&1 || q=-l
ls $q /proc/[0-9]*/exe 2>/dev/null
echo; echo MOUNTS
grep -E '^[^ ]+ /proc proc ' /proc/mounts
echo; echo USERS
cut -d: -f1,3 /etc/passwd
echo; echo NAMES
if command -v getent >/dev/null; then
getent passwd $(sed -n 's/^Uid:[^0-9]*[0-9]*[^0-9]*\([0-9]*\).*/\1/p' /proc/[0-9]*/status 2>/dev/null | sort -u) | cut -d: -f1,3
fi
echo; echo ARGUMENTS
grep -aHz '' /proc/[0-9]*/cmdline 2>/dev/null
s=$?; [ $s -le 2 ] || exit $s; exit 0`

var processes = &target.Kind[processTable]{
	Name: "process table",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: processScript, Show: "/proc/[0-9]*/{status,exe,cmdline}"}}, nil
	},
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[processTable], error) {
		t, err := parseProcesses(sys, o)
		if err != nil {
			return nil, err
		}
		return map[string]target.Answer[processTable]{q.Names[0]: {Fact: t}}, nil
	},
	Read: func(ctx context.Context, r backends.FileReader, _ string) (processTable, error) {
		return readProcesses(ctx, r)
	},
	Alone: true,
	Reads: func(string) string { return "/proc/[0-9]*/{status,exe,cmdline}" },
}

func parseProcesses(sys target.System, o target.Output) (processTable, error) {
	var none processTable
	if !o.Status.Success() {
		return none, fmt.Errorf("the processes cannot be listed: %s", firstWords(o))
	}
	first, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
	shell, err := strconv.Atoi(string(first))
	if err != nil {
		return none, fmt.Errorf("want the shell's own PID, got %.100q", first)
	}
	var parts [][]byte
	for _, mark := range []string{"\nEXES\n", "\nMOUNTS\n", "\nUSERS\n", "\nNAMES\n", "\nARGUMENTS\n"} {
		part, after, ok := bytes.Cut(rest, []byte(mark))
		if !ok {
			return none, fmt.Errorf("the list of processes is not whole: %q is missing", strings.TrimSpace(mark))
		}
		parts, rest = append(parts, part), after
	}
	table := fact.ProcessTable{}
	users := map[int][]string{}
	err = errors.Join(table.ParseStatuses(parts[0]), table.ParseExes(parts[1]), table.ParseCmdlines(rest),
		fact.ParseUserNames(parts[3], 1, users), fact.ParseUserNames(parts[4], 1, users))
	if err != nil {
		return none, err
	}
	if !table.Complete() {
		return none, fmt.Errorf("no process is to be seen, not even our own: %s", firstWords(o))
	}
	t := processTable{processes: withoutProbes(table, shell), users: users}
	if sys.UID != 0 {
		t.hidden = hiddenProcesses(string(parts[2]), string(o.Stderr))
	}
	return t, nil
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
func withoutProbes(t fact.ProcessTable, shell int) []fact.Process {
	ours := map[int]bool{}
	for pid, p := range t {
		switch parent := t[p.Parent]; {
		case target.OwnShell(p.Args):
			ours[pid] = true
			// The login shell that was given the command, unless it has become
			// the shell itself.
			if parent != nil && len(parent.Args) == 3 && parent.Args[1] == "-c" {
				ours[p.Parent] = true
			}
		case parent != nil && target.OwnShell(parent.Args) && len(p.Args) == 1 && (p.Args[0] == "cat" || p.Args[0] == "sh"):
			ours[pid] = true // the halves of its pipe
		case descends(t, pid, shell):
			ours[pid] = true
		}
	}
	return slices.DeleteFunc(t.Sorted(), func(p fact.Process) bool { return ours[p.PID] })
}

// descends tells whether a process is an ancestor's or the ancestor itself. A
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
	table := fact.ProcessTable{}
	t := processTable{users: map[int][]string{}}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		switch err := readProcess(ctx, r, pid, table); {
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
	if err := fact.ParseUserNames(passwd, 2, t.users); err != nil {
		return none, err
	}
	for _, p := range table {
		if t.users[p.UID] == nil {
			return none, target.ErrAsk // its name may stand in a directory service
		}
	}
	mounts, err := readFile(ctx, r, "/proc/mounts")
	if err != nil {
		return none, err
	}
	if self, err := r.Stat(ctx, "/proc/self", true); err != nil {
		return none, err
	} else if self.UID != 0 && t.hidden == "" {
		t.hidden = hiddenProcesses(string(mounts), "")
	}
	t.processes = withoutProbes(table, 0)
	return t, nil
}

// gone tells whether an error means that a process has ended meanwhile.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

func readProcess(ctx context.Context, r backends.FileReader, pid int, t fact.ProcessTable) error {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := readFile(ctx, r, dir+"/status")
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if err := t.SetStatus(pid, strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	cmdline, err := readFile(ctx, r, dir+"/cmdline")
	if err != nil && !gone(err) {
		return err
	}
	t[pid].Args = fact.SplitCmdline(string(cmdline))
	exe, err := r.ReadLink(ctx, dir+"/exe")
	if err == nil {
		t[pid].Exe = exe
	} else if !gone(err) && !errors.Is(err, fs.ErrPermission) {
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
		if n := p.Name(); n != "" && !p.Zombie() {
			set[n] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
