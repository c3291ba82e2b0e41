package fact

import (
	"strings"
	"testing"
)

func TestParseServiceRecords(t *testing.T) {
	records, known, err := ParseServiceRecords(strings.NewReader("service web\nlevel 2\nlevel 3\nout a b\nout \nexit 3\nservice nope\nknown web\nknown cron\n"))
	if err != nil || len(records) != 2 || len(known) != 2 {
		t.Fatalf("got %v, %v, %v", records, known, err)
	}
	if r := records[0]; r.Name != "web" || strings.Join(r.Values["level"], " ") != "2 3" || r.Output != "a b\n\n" || r.Exit != 3 || !r.Has("level") || r.First("level") != "2" {
		t.Errorf("got %+v", r)
	}
	if r := records[1]; r.Name != "nope" || r.Exit != -1 || r.Has("level") || r.First("level") != "" {
		t.Errorf("got %+v", r)
	}
	for _, bad := range []string{"level 2\n", "service web\nexit x\n", "service web\nexit -1\n", "service\n", "\n"} {
		if records, _, err := ParseServiceRecords(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, records)
		}
	}
}

func TestInitScriptStatus(t *testing.T) {
	for _, c := range []struct {
		exit    int
		output  string
		running bool
		err     string
	}{
		{0, "cron is running.\n", true, ""},
		{1, "nginx is not running ... failed!\n", false, ""},
		{2, "", false, ""},
		{3, "cron is not running ... failed!\n", false, ""},
		{4, "could not access PID file\n", false, "exit 4"},
		{126, "", false, "exit 126"},
		{1, "Usage: hwclock.sh {stop|reload}.\n", false, `no action "status"`},
		{3, "* usage: x start|stop\n", false, `no action "status"`},
		{0, "starting\n[info] Usage: x\n", false, `no action "status"`},
		{0, "memory usage: 3 MB\n", true, ""},
	} {
		running, err := InitScriptStatus(c.exit, c.output)
		if running != c.running || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%d %q: got %v, %v", c.exit, c.output, running, err)
		}
	}
}

func TestParseSupervised(t *testing.T) {
	for text, want := range map[string]Supervised{
		"run: /etc/service/a: (pid 757) 6s\n":                                   {"run", "(pid 757) 6s", 757},
		"run: /etc/service/a: (pid 757) 6s, paused\n":                           {"run", "(pid 757) 6s, paused", 757},
		"down: /etc/service/a: 51s, normally up; run: log: (pid 669) 51s\n":     {"down", "51s, normally up", 0},
		"down: /etc/service/a: 0s, normally up, want up\n":                      {"down", "0s, normally up, want up", 0},
		"finish: /etc/service/a: (pid 9) 1s, normally up, want up\n":            {"finish", "(pid 9) 1s, normally up, want up", 9},
		"warning: /etc/service/a: unable to open supervise/ok: access denied\n": {},
		"fail: /etc/service/a: unable to change to service directory\n":         {},
		"run: /etc/service/ab: (pid 757) 6s\n":                                  {},
		"run: /etc/service/a: 6s\n":                                             {},
		"":                                                                      {},
	} {
		if got, err := ParseSvStatus(text, "/etc/service/a"); err == nil && got != want || (err == nil) != (want.State != "") {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]Supervised{
		"up (pid 33) 2 seconds\n":                                     {"up", "(pid 33) 2 seconds", 33},
		"up (pid 33 pgid 33) 2 seconds, normally down\n":              {"up", "(pid 33 pgid 33) 2 seconds, normally down", 33},
		"down (exitcode 0) 2 seconds, normally up, ready 2 seconds\n": {"down", "(exitcode 0) 2 seconds, normally up, ready 2 seconds", 0},
		"s6-svstat: fatal: unable to check /x: Permission denied\n":   {},
		"up 3 seconds\n": {},
	} {
		got, err := ParseS6Svstat(text)
		if err == nil && got != want || (err == nil) != (want.State != "") {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

const supervisorStatus = `bad                              FATAL     Exited too quickly (process log may have details)
g:p1                             RUNNING   pid 19, uptime 0:00:03
my program                       STOPPED   Not started
x                                EXITED    Nov 21 08:24 AM
y                                STARTING
`

func TestParseSupervisor(t *testing.T) {
	got, err := ParseSupervisorStatus(supervisorStatus)
	if err != nil || len(got) != 5 || got[1] != (SupervisorProgram{"g:p1", "RUNNING", "pid 19, uptime 0:00:03", 19}) ||
		got[0].State != "FATAL" || got[2].Name != "my program" || got[4].State != "STARTING" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"unix:///var/run/supervisor.sock no such file\n", "nope: ERROR (no such process)\n", "web RUNNING  pid x\n", "\n"} {
		if got, err := ParseSupervisorStatus(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
	auto, err := ParseSupervisorAvail("web                              in use    auto      999:999\ng:p2                             avail    manual    999:1\n")
	if err != nil || len(auto) != 2 || !auto["web"] || auto["g:p2"] {
		t.Errorf("got %v, %v", auto, err)
	}
	if auto, err := ParseSupervisorAvail("error: refused\n"); err == nil {
		t.Errorf("got %v", auto)
	}
}

func FuzzServices(f *testing.F) {
	f.Add("service web\nlevel 2\nout a\nexit 0\nknown web\n")
	f.Add("run: /etc/service/a: (pid 757) 6s\n")
	f.Add("up (pid 33) 2 seconds\n")
	f.Add(supervisorStatus)
	f.Add("web                              in use    auto      999:999\n")
	f.Add("[info] Usage: x\n")
	f.Fuzz(func(t *testing.T, text string) {
		if records, _, err := ParseServiceRecords(strings.NewReader(text)); err == nil {
			for _, r := range records {
				if r.Values == nil || r.Exit < -1 {
					t.Errorf("got %+v", r)
				}
			}
		}
		if s, err := ParseSvStatus(text, "/etc/service/a"); err == nil && (s.State == "run") != (s.PID > 0 && s.State != "finish") {
			t.Errorf("got %+v", s)
		}
		if s, err := ParseS6Svstat(text); err == nil && (s.State == "up") != (s.PID > 0) {
			t.Errorf("got %+v", s)
		}
		if programs, err := ParseSupervisorStatus(text); err == nil {
			for _, p := range programs {
				if p.Name == "" || p.State == "" {
					t.Errorf("got %+v", p)
				}
			}
		}
		_, _ = ParseSupervisorAvail(text)
		if running, err := InitScriptStatus(len(text)%8, text); running && err != nil {
			t.Error("it runs, and could not be told")
		}
	})
}
