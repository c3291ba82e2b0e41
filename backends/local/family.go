package local

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// killing is held by who makes this process the one that orphans fall to.
var killing sync.Mutex

// killFamily kills a process that we started, all its descendants, and the rest of its
// group. All are stopped first, so that none starts another or does something about the death of
// another. Their orphans fall to us for that time: where the first process of the system
// waits for nobody, as in many containers, they would stay as zombies. The process is
// not reaped here.
func killFamily(top int) {
	killing.Lock()
	defer killing.Unlock()
	// Where that fails there may be zombies, and nothing else.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	family := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, pid := range familyOf(top) {
			if !family[pid] {
				family[pid], grown = true, true
				_ = unix.Kill(pid, unix.SIGSTOP) // one that has ended, or is not ours, is left
			}
		}
	}
	for pid := range family {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	delete(family, top)
	for end := time.Now().Add(killGrace); len(family) > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		for pid := range family {
			if reaped, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); reaped == pid || err == unix.ECHILD && !exists(pid) {
				delete(family, pid)
			}
		}
	}
}

func exists(pid int) bool { return unix.Kill(pid, 0) != unix.ESRCH }

// familyOf lists a process, its descendants and those of its group, by /proc. Of what
// cannot be seen there nothing is known. Where /proc is that of another PID namespace its
// numbers mean others, who have nothing to do with us.
func familyOf(top int) []int {
	type relation struct{ pid, parent, group int }
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return []int{top}
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // as far as it went
	var all []relation
	var buf []byte
	for _, name := range names {
		r := relation{}
		if r.pid, err = strconv.Atoi(name); err != nil {
			continue
		}
		if buf, err = appendFile(buf[:0], "/proc/"+name+"/stat"); err != nil {
			continue // it has ended
		}
		// What follows the name, which may hold anything, are the state, the parent
		// and the group: proc_pid_stat(5).
		var state string
		if _, err := fmt.Sscan(string(buf[bytes.LastIndexByte(buf, ')')+1:]), &state, &r.parent, &r.group); err == nil {
			all = append(all, r)
		}
	}
	family, in := []int{top}, map[int]bool{top: true}
	for grown := true; grown; {
		grown = false
		for _, r := range all {
			if !in[r.pid] && r.pid > 1 && r.pid != os.Getpid() && (in[r.parent] || r.group == top) {
				family, grown = append(family, r.pid), true
				in[r.pid] = true
			}
		}
	}
	return family
}
