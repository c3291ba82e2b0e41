package fact

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const statuses = "/proc/1/status:Name:\tsystemd\n/proc/1/status:State:\tS (sleeping)\n/proc/1/status:PPid:\t0\n/proc/1/status:Uid:\t0\t0\t0\t0\n" +
	"/proc/40/status:Name:\tnginx\n/proc/40/status:State:\tS (sleeping)\n/proc/40/status:PPid:\t1\n/proc/40/status:Uid:\t33\t34\t33\t33\n" +
	"/proc/41/status:Name:\ta\\nb\\\\c:d\n/proc/41/status:State:\tZ (zombie)\n/proc/41/status:PPid:\t1\n/proc/41/status:Uid:\t0\t0\t0\t0\n" +
	"/proc/42/status:Name:\tended\n"

func TestProcessTable(t *testing.T) {
	table := ProcessTable{}
	for _, err := range []error{
		table.ParseStatuses([]byte(statuses)),
		table.ParseCmdlines([]byte("/proc/1/cmdline:/sbin/init\x00/proc/1/cmdline:\x00/proc/1/cmdline:x\n/proc/40/cmdline:y\x00/proc/99/cmdline:new\x00")),
		table.ParseExes([]byte("lrwxrwxrwx 1 root root 0 Nov 21 05:48 /proc/1/exe -> /usr/lib/systemd/systemd (deleted)\nlrwxrwxrwx 1 root root 0 Nov 21 05:48 /proc/40/exe\n")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !table.Complete() || len(table) != 3 {
		t.Fatalf("got %v", slices.Sorted(maps.Keys(table)))
	}
	all := table.Sorted()
	if p := all[0]; p.Name() != "systemd" || !slices.Equal(p.Args, []string{"/sbin/init", "", "x\n/proc/40/cmdline:y"}) {
		t.Errorf("got %q %q", p.Name(), p.Args)
	}
	if p := all[1]; p.Parent != 1 || p.UID != 34 || len(p.Args) != 0 || p.Name() != "nginx" {
		t.Errorf("got %+v", p)
	}
	if p := all[2]; !p.Zombie() || p.Comm != "a\nb\\c:d" {
		t.Errorf("got %+v", p)
	}
}

func TestProcessName(t *testing.T) {
	for _, c := range []struct {
		p    Process
		want string
	}{
		{Process{Comm: "x", Exe: "/usr/bin/python3.11", Args: []string{"/usr/bin/fail2ban"}}, "python3.11"},
		{Process{Comm: "x", Exe: "/opt/my app (deleted)"}, "my app"},
		{Process{Comm: "caf", Exe: "/opt/caf??", Args: []string{"/opt/café"}}, "café"},
		{Process{Comm: "bash", Args: []string{"-bash"}}, "bash"},
		{Process{Comm: "nginx", Args: []string{"nginx: master process /usr/sbin/nginx -g daemon on;"}}, "nginx"},
		{Process{Comm: "java", Args: []string{"/opt/a: b/java", "-jar"}}, "java"},
		{Process{Comm: "kthreadd"}, "kthreadd"},
		{Process{Comm: "kworker/u4:2-ev"}, ""},
	} {
		if got := c.p.Name(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.p, got, c.want)
		}
	}
	if cut := (Process{Comm: "kworker/u4:2-ev"}); !cut.MayBe("kworker/u4:2-events") || cut.MayBe("kworker") {
		t.Error("a name that may be cut off may be a longer one")
	}
}

func TestProcessTableMalformed(t *testing.T) {
	for _, text := range []string{"x\n", "/proc/x/status:Name:\ta\n", "/proc/1/status:noline\n", "/proc/1/status:PPid:\tx\n", "/proc/1/status:Uid:\t1\n", "/proc/-1/status:Name:\ta\n", "/proc/99999999999/status:Name:\ta\n"} {
		if err := (ProcessTable{}).ParseStatuses([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if err := (ProcessTable{}).ParseExes([]byte("total 0\n")); err == nil {
		t.Error("a line without a link was read")
	}
	if err := (ProcessTable{}).ParseCmdlines([]byte("noise\x00")); err == nil {
		t.Error("an argument of nobody was read")
	}
}

func TestUserNames(t *testing.T) {
	got := map[int][]string{}
	text := "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n# a comment\n+@nis\nroot:x:0:0::/:/bin/sh\nbad:x:y:0::/:/bin/sh\n"
	if err := ParseUserNames([]byte(text), 2, got); err != nil || len(got) != 1 || strings.Join(got[0], ",") != "root,toor" {
		t.Errorf("got %v, %v", got, err)
	}
}

func FuzzProcessTable(f *testing.F) {
	f.Add([]byte(statuses))
	f.Fuzz(func(t *testing.T, text []byte) {
		table := ProcessTable{}
		_ = table.ParseStatuses(text)
		_ = table.ParseExes(text)
		_ = table.ParseCmdlines(text)
		table.Complete()
		for _, p := range table.Sorted() {
			if p.PID < 0 || strings.Contains(p.Name(), "\x00") && !strings.Contains(p.Comm+p.Exe+strings.Join(p.Args, ""), "\x00") {
				t.Errorf("got %+v", p)
			}
		}
	})
}
