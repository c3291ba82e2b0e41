package fact

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	statuses = "/proc/1/status:Name:\tsystemd\n/proc/1/status:State:\tS (sleeping)\n/proc/1/status:PPid:\t0\n/proc/1/status:Uid:\t0\t0\t0\t0\n/proc/1/status:VmSize:\t  1 kB\n" +
		"/proc/40/status:Name:\tnginx\n/proc/40/status:State:\tS (sleeping)\n/proc/40/status:PPid:\t1\n/proc/40/status:Uid:\t33\t34\t33\t33\n/proc/40/status:VmSize:\t  1 kB\n" +
		"/proc/41/status:Name:\ta\\nb\\\\c:d\n/proc/41/status:State:\tZ (zombie)\n/proc/41/status:PPid:\t1\n/proc/41/status:Uid:\t0\t0\t0\t0\n/proc/41/status:Threads:\t1\n" +
		"/proc/42/status:Name:\tended\n" +
		"/proc/43/status:Name:\tleader\n/proc/43/status:State:\tZ (zombie)\n/proc/43/status:PPid:\t1\n/proc/43/status:Uid:\t0\t0\t0\t0\n/proc/43/status:Threads:\t2\n" +
		"/proc/44/status:Name:\tkworker\n/proc/44/status:State:\tI (idle)\n/proc/44/status:PPid:\t2\n/proc/44/status:Uid:\t0\t0\t0\t0\n/proc/44/status:Threads:\t1\n"
	cmdlines = "/proc/1/cmdline:/sbin/init\x00/proc/1/cmdline:\x00/proc/1/cmdline:x\n/proc/40/cmdline:y\x00/proc/99/cmdline:new\x00"
	exes     = "lrwxrwxrwx 1 0 0 0 Nov 21 05:48 \"/proc/1/exe\" -> \"/usr/lib/systemd/system\\n\\303\\251 (deleted)\"\nlrwxrwxrwx 1 0 0 0 Nov 21 05:48 \"/proc/40/exe\"\n"
)

func TestProcessTable(t *testing.T) {
	table := ProcessTable{}
	for _, err := range []error{table.ParseStatuses([]byte(statuses)), table.ParseCmdlines([]byte(cmdlines)), table.ParseExes([]byte(exes))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !table.Complete() || len(table) != 5 {
		t.Fatalf("got %v", slices.Sorted(maps.Keys(table)))
	}
	all := table.Sorted()
	if p := all[0]; p.Name() != "system\né" || !slices.Equal(p.Args, []string{"/sbin/init", "", "x\n/proc/40/cmdline:y"}) {
		t.Errorf("got %q %q", p.Name(), p.Args)
	}
	if p := all[1]; p.Parent != 1 || p.UID != 34 || len(p.Args) != 0 || p.Name() != "nginx" {
		t.Errorf("got %+v", p)
	}
	if p := all[2]; !p.Zombie() || p.Comm != "a\nb\\c:d" || p.Named(p.Comm) != No {
		t.Errorf("got %+v", p)
	}
	if p := all[3]; p.Zombie() || p.Kernel() || p.Named("leader") != Yes {
		t.Errorf("its first thread has ended, the others go on: %+v", p)
	}
	if p := all[4]; !p.Kernel() || p.Named("kworker") != No {
		t.Errorf("got %+v", p)
	}
}

// Of busybox, which quotes nothing.
func TestParseExesUnquoted(t *testing.T) {
	table := ProcessTable{}
	for _, pid := range []int{1, 2, 3} {
		table.Add(pid)
	}
	err := table.ParseExes([]byte(`lrwxrwxrwx 1 0 0 0 Nov 21 05:48 /proc/1/exe -> /opt/my app
lrwxrwxrwx 1 0 0 0 Nov 21 05:48 /proc/2/exe -> /opt/caf??
lrwxrwxrwx 1 0 0 0 Nov 21 05:48 /proc/3/exe -> /opt/a
lrwxrwxrwx 1 0 0 0 Nov 21 05:48 /proc/3/exe -> /opt/b
`))
	if err != nil || table[1].Exe != "/opt/my app" || table[2].Exe != "" || table[3].Exe != "" {
		t.Errorf("got %+v %+v %+v, %v", table[1], table[2], table[3], err)
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
	if ParseUserNames([]byte(text), got); len(got) != 1 || strings.Join(got[0], ",") != "root,toor" {
		t.Errorf("got %v", got)
	}
}

func FuzzProcessTable(f *testing.F) {
	f.Add([]byte(statuses))
	f.Add([]byte(cmdlines))
	f.Add([]byte(exes))
	f.Fuzz(func(t *testing.T, text []byte) {
		table := ProcessTable{}
		_ = table.ParseStatuses(text)
		_ = table.ParseExes(text)
		_ = table.ParseCmdlines(text)
		table.Complete()
		ParseUserNames(text, map[int][]string{})
		for _, p := range table.Sorted() {
			if name := p.Name(); p.PID < 0 || name != "" && p.Named(name) != Yes {
				t.Errorf("got %+v, called %q", p, name)
			}
		}
	})
}

// What one file says is read the same whether it comes alone or among others.
func FuzzSetStatus(f *testing.F) {
	own, _ := os.ReadFile("/proc/self/status")
	f.Add(own)
	f.Fuzz(func(t *testing.T, text []byte) {
		alone, among := Process{PID: 7, UID: -1}, ProcessTable{}
		err := alone.SetStatus(text)
		var prefixed []byte
		for line := range lines(text) {
			prefixed = append(append(append(prefixed, "/proc/7/status:"...), line...), '\n')
		}
		err2 := among.ParseStatuses(prefixed)
		if (err == nil) != (err2 == nil) || err == nil && len(text) > 0 && (alone.Name() != among[7].Name() || alone.State != among[7].State || alone.UID != among[7].UID) {
			t.Errorf("%q: %+v, %v; %+v, %v", text, alone, err, among[7], err2)
		}
	})
}
