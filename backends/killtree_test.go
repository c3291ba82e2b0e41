package backends_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// family starts a process group of three that sleep, and
// returns the number of a member.
func family(t *testing.T) (member int, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command("sh", "-c", `sleep 300 & sleep 300 & echo $!; wait`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	member, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return member, cmd
}

// living counts the members of a process group that are no zombies.
func living(t *testing.T, group int) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // ended meanwhile
		}
		// After the name in parentheses come state, parent and group.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if fields[0] != "Z" && fields[0] != "X" && fields[2] == strconv.Itoa(group) {
			n++
		}
	}
	return n
}

// TestKillTree kills a group, and nobody else, by every sh.
func TestKillTree(t *testing.T) {
	if !rig.Isolate(t) {
		return
	}
	for _, sh := range [][]string{{"dash"}, {"bash"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
		t.Run(strings.Join(sh, " "), func(t *testing.T) {
			member, cmd := family(t)
			_, bystander := family(t)
			script := backends.KillTree(member)
			killer := exec.Command(sh[0], append(sh[1:], "-c", script)...)
			killer.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if out, err := killer.CombinedOutput(); len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
			for deadline := time.Now().Add(10 * time.Second); living(t, cmd.Process.Pid) > 0; {
				if time.Now().After(deadline) {
					t.Fatal("the group lives")
				}
			}
			if n := living(t, bystander.Process.Pid); n != 3 {
				t.Errorf("%d of another group live", n)
			}
		})
	}
	t.Run("a server without groups", func(t *testing.T) {
		member, cmd := family(t)
		killer := exec.Command("sh", "-c", backends.KillTree(member))
		// The killer is in the group itself, as a server's every child would be.
		killer.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: cmd.Process.Pid}
		if out, err := killer.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		for deadline := time.Now().Add(10 * time.Second); living(t, cmd.Process.Pid) != 2; {
			if time.Now().After(deadline) {
				t.Fatalf("%d live, where one of three was to be killed", living(t, cmd.Process.Pid))
			}
		}
	})
}
