package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// children are what a process has started: how many live, and the page faults of
// those that it has waited for.
type children struct {
	alive  int
	faults int64
}

// childrenOf reads /proc, see proc_pid_stat(5). Of process 0 there is nothing to read.
func childrenOf(pid int) (c children) {
	if pid == 0 {
		return c
	}
	proc := "/proc/" + strconv.Itoa(pid)
	stat, _ := os.ReadFile(proc + "/stat")
	// What follows the name begins with field 3; cminflt is field 11.
	if fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])); len(fields) > 8 {
		c.faults, _ = strconv.ParseInt(fields[8], 10, 64)
	}
	alive, _ := os.ReadFile(proc + "/task/" + strconv.Itoa(pid) + "/children")
	c.alive = len(strings.Fields(string(alive)))
	return c
}

// awaitIdle waits until a process has no more children than before, at most ten
// seconds: those of a connection end a moment after it.
func awaitIdle(pid int, before children) children {
	for range 1000 {
		if now := childrenOf(pid); now.alive <= before.alive {
			return now
		}
		time.Sleep(10 * time.Millisecond)
	}
	return childrenOf(pid)
}
