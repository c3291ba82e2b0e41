// Measure runs a program and writes to descriptor 3 what it cost. It stands
// between the benchmark and what is measured because the kernel counts the memory
// of whoever starts a program as the program's own peak: this one needs little.
//
//	measure [-server PID] PROGRAM [ARGUMENT]...
//
// With -server, what the children of that process cost meanwhile is counted as well:
// those of an sshd that the program logs in to. What outlives its connection has to
// become a child of who runs this program, and nobody else's.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

func main() {
	args, server := os.Args[1:], 0
	if args[0] == "-server" {
		server, _ = strconv.Atoi(args[1]) // 0 is nobody
		args = args[2:]
	}
	before := awaitIdle(server)
	forks := watchForks()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	_ = cmd.Wait() // its exit code is passed on
	wall := time.Since(start)
	var left int64
	if server != 0 && forks != nil {
		left = awaitEnd(func() []int { return forks.below(server) })
	}
	faults := awaitIdle(server) - before + left
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	_ = json.NewEncoder(os.NewFile(3, "cost")).Encode(map[string]int64{
		"Wall":            wall.Nanoseconds(),
		"CPU":             (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Nanoseconds(),
		"RSS":             usage.Maxrss << 10, // the kernel counts in KiB
		"Faults":          usage.Minflt,
		"Processes":       forks.count(cmd.Process.Pid),
		"ServerFaults":    faults,
		"ServerProcesses": forks.count(server),
	})
	os.Exit(cmd.ProcessState.ExitCode())
}
