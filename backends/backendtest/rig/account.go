package rig

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An Account is a throwaway user of this machine.
type Account struct {
	// Name is its login name, Home its home directory, UID its number.
	Name, Home string
	UID        int
	// Shell is its login shell.
	Shell string

	password string
	rc       string
	root     bool
}

// An AccountOption changes an account before it is made.
type AccountOption func(*Account)

// LoginShell sets the login shell. A name such as "ash" that begins with no slash
// is an applet of busybox.
func LoginShell(path string) AccountOption { return func(a *Account) { a.Shell = path } }

// Password sets the password; without it, none is right.
func Password(password string) AccountOption { return func(a *Account) { a.password = password } }

// RC sets what every rc file of the account's shell holds, such as commands that
// print noise on both streams.
func RC(text string) AccountOption { return func(a *Account) { a.rc = text } }

// Root makes the account another name of root, with a home and rc files of its own.
func Root() AccountOption { return func(a *Account) { a.root = true } }

// rcFiles are what the login shells read of a home directory when sshd starts
// them with -c.
var rcFiles = []string{".bashrc", ".cshrc", ".tcshrc", ".zshenv", ".config/fish/config.fish"}

// NewAccount makes an account on this machine and removes it, its home directory
// and its processes at the end of the test.
func NewAccount(tb testing.TB, options ...AccountOption) *Account {
	tb.Helper()
	needRoot(tb, "making an account")
	var random [4]byte
	_, _ = rand.Read(random[:])
	a := &Account{Name: "hs" + hex.EncodeToString(random[:]), Shell: "/bin/bash"}
	for _, o := range options {
		o(a)
	}
	dir := openDir(tb)
	a.Home = filepath.Join(dir, "home")
	if !strings.HasPrefix(a.Shell, "/") {
		applet := filepath.Join(dir, a.Shell)
		must(tb, os.Symlink("/bin/busybox", applet))
		a.Shell = applet
	}
	tb.Cleanup(func() { a.remove(tb) })
	uid := []string{}
	if a.root {
		uid = []string{"-o", "-u", "0", "-g", "0"}
	}
	add := append([]string{"useradd", "-m", "-k", "/dev/null", "-d", a.Home, "-s", a.Shell, a.Name}, uid...)
	retryLocked(tb, add...)
	// An account with a locked password ("!") is refused by an sshd without PAM.
	hash := "*"
	if a.password != "" {
		hash = strings.TrimSpace(run(tb, a.password, "openssl", "passwd", "-6", "-stdin"))
	}
	retryLocked(tb, "usermod", "-p", hash, a.Name)
	u, err := user.Lookup(a.Name)
	must(tb, err)
	a.UID, _ = strconv.Atoi(u.Uid)
	if a.rc != "" {
		a.writeRC(tb)
	}
	return a
}

func (a *Account) writeRC(tb testing.TB) {
	tb.Helper()
	for _, name := range rcFiles {
		file := filepath.Join(a.Home, name)
		must(tb, os.MkdirAll(filepath.Dir(file), 0o755))
		must(tb, os.WriteFile(file, []byte(a.rc), 0o644))
	}
	run(tb, "", "chown", "-R", a.Name, a.Home)
}

// remove takes the account's processes first, since userdel refuses while they run.
func (a *Account) remove(tb testing.TB) {
	// UID is 0 for another name of root, whose processes are everybody's.
	if a.UID > 0 {
		files, _ := filepath.Glob("/proc/[0-9]*")
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil {
				continue
			}
			pid, err := strconv.Atoi(filepath.Base(f))
			st, ok := info.Sys().(*syscall.Stat_t)
			if err == nil && ok && pid > 1 && int(st.Uid) == a.UID {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	retryLocked(tb, "userdel", "-f", a.Name)
}

// retryLocked runs a program of the shadow suite, which gives up at once while
// another test holds the lock of /etc/passwd.
func retryLocked(tb testing.TB, args ...string) {
	tb.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err == nil {
			return
		}
		if !strings.Contains(string(out), "lock") || time.Now().After(deadline) {
			tb.Errorf("rig: %s: %v: %s", strings.Join(args, " "), err, out)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
