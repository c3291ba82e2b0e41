// Measure runs a program and tells on descriptor 3 what it cost. It stands
// between the benchmark and what is measured because the kernel counts the memory
// of whoever starts a program as the program's own peak: this one needs little.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	_ = json.NewEncoder(os.NewFile(3, "cost")).Encode(map[string]int64{
		"Wall": wall.Nanoseconds(),
		"CPU":  (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Nanoseconds(),
		"RSS":  usage.Maxrss << 10, // the kernel counts in KiB
	})
	os.Exit(cmd.ProcessState.ExitCode())
}
