package rig

import (
	"os"
	"os/exec"
	"testing"
)

// isolated is set in the environment of a test binary that Isolate has started.
const isolated = "RIG_PID_NAMESPACE"

// Isolate runs a test once more in a PID namespace of its own, with its own /proc, and
// reports whether this is that run; else the test is to return. What kills by mistake
// there reaches nothing else on this machine, and no process of others is seen. The first
// process of the namespace is the test binary, which waits for its own children only: what
// they leave behind stays as zombies. Only root can make a namespace; others skip the test.
func Isolate(t *testing.T) bool {
	t.Helper()
	if os.Getenv(isolated) != "" {
		return true
	}
	NotQuick(t)
	if os.Getuid() != 0 {
		Skip(t, "root", "only root can make a PID namespace")
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), isolated+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a PID namespace: %v\n%s", err, out)
	}
	return false
}
