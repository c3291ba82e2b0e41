package resource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
)

// A Process is all processes of one name. The name is the base name of the program
// that runs (/proc/PID/exe), where that may be read; else of the first argument,
// else what the kernel calls it, unless that may be cut off. Hence the name of a
// script is that of its interpreter. Zombies do not count, and neither do the
// shells that ask.
type Process struct {
	Base[Process]
}

// NewProcess makes a Process.
func NewProcess(a Asker, name string) *Process {
	p := &Process{}
	p.Base = New(a, "Process", name, p)
	return p
}

// processFact is what is known about the processes of one name.
type processFact struct {
	table processTable
	list  []fact.Process
	// maybe holds processes of which it is not known whether they have the name.
	maybe   []fact.Process
	zombies []int
	near    []string
}

func checkProcess(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case strings.HasPrefix(name, "/"):
		return fmt.Errorf("%q is a path, and processes are known by the base name of their program: %q", name, name[strings.LastIndexByte(name, '/')+1:])
	case strings.ContainsRune(name, 0):
		return errors.New("the name holds a NUL")
	}
	return nil
}

func (t processTable) find(name string) processFact {
	f := processFact{table: t}
	for _, p := range t.processes {
		switch {
		case p.Name() == name && p.Zombie(), p.Zombie() && p.Comm == name:
			f.zombies = append(f.zombies, p.PID)
		case p.Name() == name:
			f.list = append(f.list, p)
		case p.MayBe(name) && !p.Zombie():
			f.maybe = append(f.maybe, p)
		}
	}
	if len(f.list) == 0 {
		f.near = similar(name, t.names())
	}
	return f
}

func (f processFact) say() (found, near string) {
	if len(f.list) == 0 {
		found = "no such process"
		if len(f.zombies) > 0 {
			found += fmt.Sprintf(" but zombies: %v", f.zombies)
		}
		return found, strings.Join(f.near, ", ")
	}
	var some []string
	for _, p := range f.list[:min(len(f.list), maxNear)] {
		some = append(some, fmt.Sprintf("%d %s: %s", p.PID, f.table.owner(p.UID), evidence.Excerpt(strings.Join(p.Args, " "), 80)))
	}
	if more := len(f.list) - len(some); more > 0 {
		some = append(some, fmt.Sprintf("and %d more", more))
	}
	if len(f.list) == 1 {
		return "1 process, " + some[0], ""
	}
	return fmt.Sprintf("%d processes\n%s", len(f.list), strings.Join(some, "\n")), ""
}

// fact asks for the processes. What was found is what say tells of the ones of
// this name.
func (p *Process) fact(question string) (processFact, error) {
	if err := checkProcess(p.Name()); err != nil {
		return processFact{}, p.refuse(err)
	}
	t, err := Ask(&p.Base, question, processes, allOf, func(t processTable) (string, string) { return t.find(p.Name()).say() })
	return t.find(p.Name()), err
}

// whole says why there may be more processes of the name than those found.
func (p *Process) whole(question string, f processFact) error {
	switch {
	case f.table.hidden != "":
		return p.unknown(question, f.table.hidden, "ask as root")
	case len(f.maybe) > 0:
		return p.unknown(question, fmt.Sprintf("the kernel's name of process %d begins with %q and may be cut off there", f.maybe[0].PID, f.maybe[0].Comm), "")
	}
	return nil
}

// Running tells whether a process of that name lives.
func (p *Process) Running() (bool, error) {
	const question = "Running"
	f, err := p.fact(question)
	if err != nil || len(f.list) > 0 {
		return err == nil, err
	}
	return false, p.whole(question, f)
}

// Count is how many processes of that name live; 0 where there is none.
func (p *Process) Count() (int, error) {
	const question = "Count"
	f, err := p.fact(question)
	if err == nil {
		err = p.whole(question, f)
	}
	if err != nil {
		return 0, err
	}
	return len(f.list), nil
}

// PIDs are the numbers of the processes of that name, in ascending order; empty
// where there is none.
func (p *Process) PIDs() ([]int, error) {
	const question = "PIDs"
	f, err := p.fact(question)
	if err == nil {
		err = p.whole(question, f)
	}
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(f.list))
	for _, q := range f.list {
		pids = append(pids, q.PID)
	}
	return pids, nil
}

// some is fact where at least one process must live.
func (p *Process) some(question string) (processFact, error) {
	f, err := p.fact(question)
	if err != nil {
		return f, err
	}
	if err := p.whole(question, f); err != nil {
		return f, err
	}
	if len(f.list) == 0 {
		return f, p.missing(question)
	}
	return f, nil
}

// Users are the users that the processes run as (their effective ones), each
// once, sorted; a number where a user has no name. Where no process of that name
// lives it is an error.
func (p *Process) Users() ([]string, error) {
	f, err := p.some("Users")
	if err != nil {
		return nil, err
	}
	var users []string
	for _, q := range f.list {
		users = append(users, f.table.owner(q.UID))
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// Arguments are the command lines of the processes, one string for each process
// in the order of PIDs: the words, the first one included, joined by spaces as ps
// shows them. Where no process of that name lives it is an error.
func (p *Process) Arguments() ([]string, error) {
	f, err := p.some("Arguments")
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(f.list))
	for _, q := range f.list {
		lines = append(lines, strings.Join(q.Args, " "))
	}
	return lines, nil
}

// OwnedBy tells whether all processes of that name run as the user, whose name or
// number is given. Where no process of that name lives it is an error.
func (p *Process) OwnedBy(who string) (bool, error) {
	const question = "OwnedBy"
	if who == "" {
		return false, p.refuse(errors.New("the user's name is empty"))
	}
	f, err := p.fact(question)
	if err != nil {
		return false, err
	}
	for _, q := range f.list {
		if strconv.Itoa(q.UID) != who && !slices.Contains(f.table.users[q.UID], who) {
			return false, nil
		}
	}
	if err := p.whole(question, f); err != nil {
		return false, err
	}
	if len(f.list) == 0 {
		return false, p.missing(question)
	}
	return true, nil
}
