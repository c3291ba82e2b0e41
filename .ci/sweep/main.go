// Sweep removes the machines of test processes that were killed or timed out.
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
		fmt.Fprintln(os.Stderr, "sweep: cannot look for machines that were left behind:", err)
	}
}
