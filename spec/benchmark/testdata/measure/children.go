package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience bounds the waiting for what ends by itself.
const patience = 30 * time.Second

// A process is what proc_pid_stat(5) says of one.
type process struct {
	state  string
	parent int
	// faults are its own, and waited those of the children that it has waited for.
	faults, waited int64
}

// read looks at a process, which may be gone.
func read(pid int) (p process, exists bool) {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // what is gone has none
	// What follows the name begins with field 3.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 9 {
		return p, false
	}
	p.state = fields[0]
	p.parent, _ = strconv.Atoi(fields[1]) // the kernel writes numbers
	p.faults, _ = strconv.ParseInt(fields[7], 10, 64)
	p.waited, _ = strconv.ParseInt(fields[8], 10, 64)
	return p, true
}

// awaitIdle waits until a process has no children, and returns the page faults of all
// that it has waited for. Of process 0 there is nothing to read.
func awaitIdle(pid int) (faults int64) {
	task := strconv.Itoa(pid)
	until(func() bool {
		alive, _ := os.ReadFile("/proc/" + task + "/task/" + task + "/children")
		return len(alive) == 0
	})
	p, _ := read(pid)
	return p.waited
}

// awaitEnd waits until processes have ended that are told anew each time, and returns
// the page faults of those that nobody has waited for: what outlives a connection is a
// child of the benchmark then, which leaves it as it is until it was counted.
func awaitEnd(pids func() []int) (faults int64) {
	until(func() bool {
		faults = 0
		return !slices.ContainsFunc(pids(), func(pid int) bool {
			p, exists := read(pid)
			left := p.state == "Z" && p.parent == os.Getppid()
			if left {
				faults += p.faults + p.waited
			}
			return exists && !left
		})
	})
	return faults
}

func until(done func() bool) {
	for end := time.Now().Add(patience); !done() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}
