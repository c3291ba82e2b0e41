package rig

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("rig: %v", err)
	}
}

func needRoot(tb testing.TB, what string) {
	tb.Helper()
	NotQuick(tb)
	if os.Getuid() != 0 {
		tb.Fatalf("rig: %s needs root; run the tests as root", what)
	}
}

// run returns what a program prints, and fails the test when it fails.
func run(tb testing.TB, stdin string, args ...string) string {
	tb.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		tb.Fatalf("rig: %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// openDir makes a directory that other accounts may enter, unlike that of
// tb.TempDir, and that is gone after the test.
func openDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "hostspec-rig-")
	must(tb, err)
	must(tb, os.Chmod(dir, 0o755))
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// MakeKey makes an ed25519 key pair in file and file.pub; an empty passphrase
// leaves the key unencrypted. Further arguments go to ssh-keygen: "-t", "rsa".
func MakeKey(tb testing.TB, file, passphrase string, args ...string) {
	tb.Helper()
	words := append([]string{"ssh-keygen", "-q", "-t", "ed25519", "-f", file, "-N", passphrase, "-C", filepath.Base(file)}, args...)
	run(tb, "", words...)
}

// parents maps every process to its parent.
func parents() map[int]int {
	m := map[int]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // ended meanwhile
		}
		// The name in parentheses may hold anything; the parent is the second
		// field after it.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		parent, err2 := strconv.Atoi(fields[1])
		if err1 == nil && err2 == nil {
			m[pid] = parent
		}
	}
	return m
}

// killDescendants kills the children of a process and theirs, never itself, and
// parents before their children, so that none lives to tell how a child ended.
func killDescendants(pid int) {
	if pid <= 1 {
		return
	}
	children := map[int][]int{}
	for child, parent := range parents() {
		children[parent] = append(children[parent], child)
	}
	for generation := children[pid]; len(generation) > 0; {
		var next []int
		for _, p := range generation {
			_ = syscall.Kill(p, syscall.SIGKILL)
			next = append(next, children[p]...)
		}
		generation = next
	}
}
