package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// Snapshots of a machine, kept in files and taken at the moment, are the same until
// something is done to it.
func TestSnapshotAndDiff(t *testing.T) {
	m, dir := rig.StartMachine(t), t.TempDir()
	root, before := m.URI("root"), filepath.Join(dir, "before")
	hostspec(t, "snapshot", "-t", root, "-o", before).run().wants(t, 0, "packages, ", " files", "ssh://root@")
	if info, err := os.Stat(before); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	hostspec(t, "diff", before, root).run().wants(t, 0, "no differences\n")

	m.Exec(t, "echo hello >/etc/motd; chmod 600 /etc/fstab; echo x >/var/lib/hs-watched; useradd hsnew")
	a := hostspec(t, "diff", before, root).run()
	a.wants(t, 1, "file /etc/fstab  mode 0644 -> 0600\n", "file /etc/motd  ", "user hsnew  (absent) -> uid ", "differences: 1 user, 1 password, 1 group, ")
	if strings.Contains(a.stdout, "hs-watched") || strings.Contains(a.stderr, "hostspec:") {
		t.Errorf("got %s%s", a.stdout, a.stderr)
	}
	hostspec(t, "diff", before, root, "--watch-path", "/var/lib").run().wants(t, 1, "could not tell file /var/lib/**: watched only after")
	hostspec(t, "diff", before, root, "--ignore", "/etc/*", "--ignore", "user:hs*", "--ignore", "{password,group}:hs*").run().
		wants(t, 2, `"{password,group}:hs*" ignores nothing`)
	hostspec(t, "diff", before, root, "--ignore", "/etc/*", "--ignore", "user:hs*", "--ignore", "password:hs*", "--ignore", "group:hs*").run().
		wants(t, 0, "no differences\n")

	var got struct {
		Differences []struct {
			Name          string
			Before, After map[string]string
		}
	}
	a = hostspec(t, "diff", "-f", "json", before, root).run()
	if err := json.Unmarshal([]byte(a.stdout), &got); err != nil || a.code != 1 {
		t.Fatalf("exit %d, %v:\n%s%s", a.code, err, a.stdout, a.stderr)
	}
	for _, d := range got.Differences {
		if d.Name == "/etc/fstab" && (d.Before["mode"] != "0644" || d.After["mode"] != "0600") {
			t.Errorf("got %v", d)
		}
	}

	// An account that may not see all is told to know less, and no difference.
	ordinary := filepath.Join(dir, "ordinary")
	hostspec(t, "snapshot", "-t", m.URI("deploy"), "-o", ordinary).run().wants(t, 0, "could not tell password: ", "Permission denied")
	hostspec(t, "diff", ordinary, ordinary).run().wants(t, 3, "no differences; ", " could not be told")
	m.Stop(t)
	hostspec(t, "diff", before, m.URI("root", "connect_timeout=2s")).run().wants(t, 3, "UNREACHABLE")
	hostspec(t, "snapshot", "-t", m.URI("root", "connect_timeout=2s"), "-o", filepath.Join(dir, "none")).run().wants(t, 3, "UNREACHABLE")
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a file was written for what was not told")
	}
	hostspec(t, "diff", before, before).run().wants(t, 0, "no differences\n")
}

func TestSnapshotAndDiff_WrongUsage(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign")
	if err := os.WriteFile(foreign, []byte("something else\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no output":        {[]string{"snapshot"}, "-o FILE is missing"},
		"output is folder": {[]string{"snapshot", "-o", dir}, "it is a folder"},
		"no such folder":   {[]string{"snapshot", "-o", dir + "/no/file"}, "no such file or directory"},
		"no such target":   {[]string{"snapshot", "-o", dir + "/x", "-t", "web1"}, "did you mean ssh://web1?"},
		"relative watch":   {[]string{"snapshot", "-o", dir + "/x", "--watch-path", "etc"}, "--watch-path etc: want the path of a folder"},
		"bad pattern":      {[]string{"diff", foreign, foreign, "--ignore", "/a["}, "is not a valid pattern"},
		"no time":          {[]string{"diff", foreign, foreign, "--timeout", "0s"}, "--timeout 0s: want a time above zero"},
		"one side":         {[]string{"diff", foreign}, "want two files or targets to compare, got 1"},
		"unknown format":   {[]string{"diff", "-f", "xml", foreign, foreign}, "unknown format; known: text, json"},
		"foreign file":     {[]string{"diff", foreign, foreign}, foreign + ": it is not a snapshot of hostspec"},
		"neither":          {[]string{"diff", foreign, dir + "/nosuch"}, "nosuch is neither a file that can be read nor a target"},
	} {
		t.Run(name, func(t *testing.T) {
			a := hostspec(t, test.args...).run()
			a.wants(t, 2, test.says)
			if a.stdout != "" {
				t.Errorf("got %s", a.stdout)
			}
		})
	}
}

func TestSnapshot_PrintsWhatIsIgnored(t *testing.T) {
	for _, command := range []string{"snapshot", "diff"} {
		hostspec(t, command, "--print-ignored").run().wants(t, 0, "/tmp/** ", "temporary files", "(containers only)")
	}
	hostspec(t, "diff", "--help").run().wants(t, 0, "something differs", "--watch-path")
}

// A file that never ends does not keep it from ending.
func TestDiff_Interrupted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := hostspec(t, "diff", pipe, pipe).command(t.Context())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		held, err := os.OpenFile(pipe, os.O_WRONLY, 0) // when the other side is opened
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the exit code tells
		_ = held.Close()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("%v: exit %d", signal, code)
		}
	}
}
