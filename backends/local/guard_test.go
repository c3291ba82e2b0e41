package local

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// sleepers counts the processes that sleep for so many seconds.
func sleepers(t *testing.T, seconds string) (n int) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if line, _ := os.ReadFile(name); string(line) == "sleep\x00"+seconds+"\x00" {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never came: " + what)
		}
	}
}

// TestRun_EndsWithUs kills the process that runs a command.
func TestRun_EndsWithUs(t *testing.T) {
	const seconds = "7071"
	if os.Getenv("LOCAL_TO_BE_KILLED") != "" {
		_, err := New().Run(t.Context(), backends.Command{Args: []string{"sh", "-c", "(setsid sleep " + seconds + ") & sleep " + seconds}})
		t.Fatal(err)
	}
	if !rig.Isolate(t) {
		return
	}
	us := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	us.Env = append(os.Environ(), "LOCAL_TO_BE_KILLED=1")
	if err := us.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the command and its guard", func() bool {
		names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range names {
			line, _ := os.ReadFile(name)
			if args := strings.Split(string(line), "\x00"); len(args) > 2 && backends.IsGuard(args[2]) && sleepers(t, seconds) == 2 {
				return true
			}
		}
		return false
	})
	if err := us.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = us.Wait() // it was killed
	eventually(t, "the end of all that was started", func() bool { return sleepers(t, seconds) == 0 })
}

// TestRun_KillsWithoutAnotherProcess has no shell to start.
func TestRun_KillsWithoutAnotherProcess(t *testing.T) {
	if !rig.Isolate(t) {
		return
	}
	const seconds = "7072"
	t.Setenv("PATH", t.TempDir()) // no sh for a guard
	var out bytes.Buffer
	b := New()
	done := make(chan error, 1)
	go func() {
		_, err := b.Run(t.Context(), backends.Command{Args: []string{"/bin/sh", "-c", "/usr/bin/setsid /bin/sleep " + seconds + " & echo up; /bin/sleep " + seconds}, Stdout: &out})
		done <- err
	}()
	count := func() (n int) {
		names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range names {
			if line, _ := os.ReadFile(name); bytes.Contains(line, []byte(seconds)) {
				n++
			}
		}
		return n
	}
	eventually(t, "the command", func() bool { return count() >= 3 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, backends.ErrClosed) || out.String() != "up\n" {
		t.Errorf("got %v, %q", err, &out)
	}
	eventually(t, "the end of all that was started", func() bool { return count() == 0 })
}

func TestFamilyOf(t *testing.T) {
	self := familyOf(os.Getpid())
	if len(self) == 0 || self[0] != os.Getpid() {
		t.Fatalf("got %v", self)
	}
	p := startScript(t, t.Context(), backends.Command{}, "sleep 7073 & setsid sleep 7073 & sleep 7073")
	eventually(t, "three children", func() bool { return len(familyOf(p.pid)) == 4 && sleepers(t, "7073") == 3 })
	for _, pid := range familyOf(p.pid) {
		if name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); string(name) != "sleep\n" && string(name) != "sh\n" {
			t.Errorf("%d is %q", pid, name)
		}
	}
	killFamily(p.pid)
	eventually(t, "their end", func() bool { return sleepers(t, "7073") == 0 })
}

// TestFamilyOf_AnotherNamespace looks at a /proc whose numbers mean others.
func TestFamilyOf_AnotherNamespace(t *testing.T) {
	if outside, err := strconv.Atoi(os.Getenv("LOCAL_OUTSIDE")); err == nil {
		if family := familyOf(outside); len(family) != 1 {
			t.Errorf("took others for the family of %d: %v", outside, family)
		}
		return
	}
	cmd := exec.Command("unshare", "--pid", "--fork", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "LOCAL_OUTSIDE="+strconv.Itoa(os.Getpid()))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}
