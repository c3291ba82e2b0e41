// Sweep removes the machines, containers and images of test processes that were killed or
// timed out.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func main() {
	if _, err := exec.LookPath("docker"); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := rig.Sweep(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sweep: cannot remove all that was left behind:", err)
	}
}
