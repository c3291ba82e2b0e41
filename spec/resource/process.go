package resource

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Process is every process that people call by one name: the base name of its
// program (/proc/PID/exe), unless that is many in one, such as busybox; or of its
// first argument; or of the script that an interpreter runs, or Java's archive or
// class; or what the kernel calls it, unless that may be cut off. Of a title that a
// daemon gives itself ("php-fpm: pool www") what precedes the colon counts. Threads
// of the kernel, zombies and the shells that ask do not count.
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
	list  []*fact.Process
	// maybe holds processes of which it is not known whether they have the name.
	maybe   []*fact.Process
	zombies []int
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
		if p.Zombie() {
			if p.Comm == name {
				f.zombies = append(f.zombies, p.PID)
			}
			continue
		}
		switch p.Named(name) {
		case fact.Yes:
			f.list = append(f.list, p)
		case fact.Unsure:
			f.maybe = append(f.maybe, p)
		}
	}
	return f
}

func (f processFact) say(name string) (found, near string) {
	if len(f.list) == 0 {
		found = "no such process"
		if len(f.zombies) > 0 {
			found += fmt.Sprintf(" but zombies: %v", f.zombies)
		}
		return found, strings.Join(similar(name, f.table.names()), ", ")
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

// fact asks for the processes. What was found is what say says of those of this
// name.
func (p *Process) fact(l *Look) (processFact, error) {
	var f processFact
	if err := checkProcess(p.Name()); err != nil {
		return f, Refuse(&p.Base, err)
	}
	_, err := Fact(l, processes, allOf, func(t processTable) (found, near string) {
		f = t.find(p.Name())
		return f.say(p.Name())
	})
	return f, err
}

// whole says why there may be more processes of the name than those found.
func (f processFact) whole(l *Look) error {
	switch {
	case f.table.hidden != "":
		return l.Unknown(f.table.hidden, "ask as root")
	case len(f.maybe) == 0:
		return nil
	}
	m := f.maybe[0]
	if m.Exe != "" {
		return l.Unknown(fmt.Sprintf("process %d has put the title %q in place of its arguments, and what %s runs there is not known", m.PID, evidence.Excerpt(m.Args[0], 80), m.Exe), "")
	}
	return l.Unknown(fmt.Sprintf("which program process %d runs may not be looked at; the kernel's name of it, %q, and its arguments leave it open", m.PID, m.Comm),
		askAsRoot+needsPtrace)
}

// Running reports whether a process of that name lives.
func (p *Process) Running() (bool, error) {
	l := NewLook(&p.Base, "Running")
	f, err := p.fact(l)
	if err != nil || len(f.list) > 0 {
		return err == nil, err
	}
	return false, f.whole(l)
}

// Count is how many processes of that name live; 0 where there is none.
func (p *Process) Count() (int, error) {
	l := NewLook(&p.Base, "Count")
	f, err := p.fact(l)
	if err == nil {
		err = f.whole(l)
	}
	if err != nil {
		return 0, err
	}
	return len(f.list), nil
}

// PIDs are the numbers of the processes of that name, in ascending order; empty
// where there is none.
func (p *Process) PIDs() ([]int, error) {
	l := NewLook(&p.Base, "PIDs")
	f, err := p.fact(l)
	if err == nil {
		err = f.whole(l)
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
func (p *Process) some(l *Look) (processFact, error) {
	f, err := p.fact(l)
	if err != nil {
		return f, err
	}
	if err := f.whole(l); err != nil {
		return f, err
	}
	if len(f.list) == 0 {
		return f, l.Missing()
	}
	return f, nil
}

// Users are the users that the processes run as (their effective ones), each
// once, sorted; a number where a user has no name. Where no process of that name
// lives it is an error.
func (p *Process) Users() ([]string, error) {
	l := NewLook(&p.Base, "Users")
	f, err := p.some(l)
	if err != nil {
		return nil, err
	}
	var wants []target.Want
	for _, q := range f.list {
		if f.table.users[q.UID] == nil {
			wants = append(wants, accountNames.Of("passwd "+strconv.Itoa(q.UID)))
		}
	}
	if len(wants) > 0 {
		if err := l.Together(wants...); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, q := range f.list {
		name := f.table.owner(q.UID)
		if f.table.users[q.UID] == nil {
			// The name may stand in a directory service.
			told, _, err := Peek(l, accountNames, "passwd "+name)
			if err != nil {
				return nil, l.Answer(l.Explain(), err)
			}
			if told != "" {
				name = told
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Arguments are the command lines of the processes, one string for each process
// in the order of PIDs: the words, the first one included, joined by spaces as ps
// shows them. Where no process of that name lives it is an error.
func (p *Process) Arguments() ([]string, error) {
	f, err := p.some(NewLook(&p.Base, "Arguments"))
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(f.list))
	for _, q := range f.list {
		lines = append(lines, strings.Join(q.Args, " "))
	}
	return lines, nil
}

// OwnedBy reports whether all processes of that name run as the user, who is given
// by name, or by number if no user has such a name. Where no process of that name
// lives it is an error.
func (p *Process) OwnedBy(who string) (bool, error) { return p.ownedBy("OwnedBy", byName(who)) }

// OwnedByID is OwnedBy of a user who is given by number.
func (p *Process) OwnedByID(uid int) (bool, error) { return p.ownedBy("OwnedByID", byID(uid)) }

func (p *Process) ownedBy(question string, who account) (bool, error) {
	if err := cmp.Or(checkProcess(p.Name()), who.check()); err != nil {
		return false, Refuse(&p.Base, err)
	}
	l := NewLook(&p.Base, question, append(who.wants(users), processes.Of(allOf))...)
	f, err := p.fact(l)
	if err != nil {
		return false, err
	}
	uid, known, _, err := who.uid(l)
	if err != nil {
		return false, l.Answer(l.Explain(), err)
	}
	for _, q := range f.list {
		if !known || q.UID != uid {
			return false, nil
		}
	}
	if err := f.whole(l); err != nil {
		return false, err
	}
	if len(f.list) == 0 {
		return false, l.Missing()
	}
	return true, nil
}
