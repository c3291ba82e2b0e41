package rig

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("HOSTSPEC_RIG_TEST") == "die" {
		startAndDie()
	}
	Main(m)
}

// overSSH asks by OpenSSH's client, which shares no code with us.
func overSSH(t *testing.T, m *Machine, user, command string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ssh", "-F", m.SSHConfig, "-i", m.Identity, "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile="+m.KnownHosts, "-o", "GlobalKnownHostsFile=/dev/null",
		user+"@"+m.IP, command)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ssh %s@%s %s: %v: %s", user, m.IP, command, err, stderr.Bytes())
	}
	return string(out)
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestMachineRunsSystemdAndLetsEveryAccountIn(t *testing.T) {
	m := SharedMachine(t)
	equal(t, "PID 1", m.Exec(t, "readlink /proc/1/exe"), "/usr/lib/systemd/systemd\n")
	for _, user := range []string{"root", "deploy", "in-dash", "in-bash", "in-busybox", "in-mksh", "in-ksh93", "in-fish", "in-tcsh"} {
		equal(t, user, overSSH(t, m, user, "id -un"), user+"\n")
	}
	equal(t, "noise", overSSH(t, m, "noisy", "echo text"), "welcome to .bashrc\ntext\n")
}

func TestMachineHasUnitsInEveryState(t *testing.T) {
	m := SharedMachine(t)
	for unit, want := range map[string]string{
		"nginx":        "loaded active enabled",
		"cron":         "loaded active enabled",
		"ssh":          "loaded active enabled",
		"rig-disabled": "loaded inactive disabled",
		"rig-static":   "loaded inactive static",
		"rig-failed":   "loaded failed enabled",
		"rig-oneshot":  "loaded active enabled",
		"rig-alias":    "loaded active enabled",
		"rig-worker@1": "loaded active enabled",
		"rig-masked":   "masked inactive masked",
		"rig-missing":  "not-found inactive ",
	} {
		got := m.Exec(t, "systemctl show --property LoadState --property ActiveState --property UnitFileState --value "+unit)
		equal(t, unit, strings.ReplaceAll(strings.TrimSuffix(got, "\n"), "\n", " "), want)
	}
}

func TestMachineHasFixtures(t *testing.T) {
	m := SharedMachine(t)
	equal(t, "packages", m.Exec(t, `dpkg-query -Wf '${Package} ${db:Status-Abbrev}\n' logrotate tcsh nginx-light`), "logrotate rc \nnginx-light ii \ntcsh hi \n")
	equal(t, "groups", m.Exec(t, "id deploy"), "uid=30001(deploy) gid=30001(deploy) groups=30001(deploy),33(www-data),2000(team)\n")
	equal(t, "account", m.Exec(t, "getent passwd svc"), "svc:x:445:444::/var/lib/svc:/usr/sbin/nologin\n")
	equal(t, "password age", m.Exec(t, "getent shadow deploy | cut -d: -f 2,4,5"), "*:7:90\n")
	equal(t, "immutable", m.Exec(t, "touch /data/x && chattr +i /data/x && lsattr /data/x | cut -c5; chattr -i /data/x; rm /data/x"), "i\n")
}

func TestMachineRunsScriptsAndTakesFiles(t *testing.T) {
	m := SharedMachine(t)
	stdout, stderr, code := m.TryExec(t, "echo out; echo err >&2; exit 7")
	equal(t, "answer", fmt.Sprint(stdout, stderr, code), "out\nerr\n7")
	content := []byte("a\x00b\nno newline")
	m.WriteFile(t, "/tmp/it's a folder/-file", content, 0o640)
	equal(t, "content", m.Exec(t, `cat "/tmp/it's a folder/-file"`), string(content))
	equal(t, "mode", m.Exec(t, `stat -c '%a %U' "/tmp/it's a folder/-file"`), "640 root\n")
}

func TestMachineURI(t *testing.T) {
	m := &Machine{IP: "192.0.2.1", Identity: "/k", KnownHosts: "/h", SSHConfig: "/c"}
	equal(t, "URI", m.URI("deploy"), "ssh://deploy@192.0.2.1:22?identity=%2Fk&known_hosts=%2Fh&ssh_config=%2Fc")
	equal(t, "URI", m.URI("deploy", "identity=/x", "timeout=2m"), "ssh://deploy@192.0.2.1:22?identity=%2Fx&known_hosts=%2Fh&ssh_config=%2Fc&timeout=2m")
}

func TestTwoMachinesAtOnce(t *testing.T) {
	needDocker(t)
	machines := make([]*Machine, 2)
	t.Run("start", func(start *testing.T) {
		for i := range machines {
			start.Run("", func(one *testing.T) {
				one.Parallel()
				// They belong to the outer test, which lives longer.
				machines[i] = StartMachine(t)
			})
		}
	})
	a, b := machines[0], machines[1]
	if x, y := overSSH(t, a, "root", "cat /etc/machine-id"), overSSH(t, b, "root", "cat /etc/machine-id"); x == y {
		t.Errorf("both machines are %s", x)
	}
	var stops sync.WaitGroup
	for range 4 {
		stops.Go(func() {
			if err := a.remove(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	stops.Wait()
	a.Stop(t)
	if _, _, code := a.TryExec(t, "true"); code == 0 {
		t.Error("a stopped machine still answers")
	}
	equal(t, "the other", overSSH(t, b, "root", "echo lives"), "lives\n")
}

func TestMachineWithoutSystemd(t *testing.T) {
	m := StartMachine(t, WithoutSystemd())
	equal(t, "login", overSSH(t, m, "deploy", "id -un"), "deploy\n")
	_, stderr, code := m.TryExec(t, "systemctl is-active nginx")
	if code != 1 || !strings.Contains(stderr, "has not been booted with systemd") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestOwnerOfAnotherNamespaceIsNotJudged(t *testing.T) {
	self, err := thisProcess()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		owner owner
		dead  bool
	}{
		{self, false},
		{owner{self.pid, "1", self.namespace}, true},
		{owner{1 << 22, "1", self.namespace}, true},
		{owner{1 << 22, "1", "pid:[1]"}, false},
	} {
		again, err := parseOwner(c.owner.String())
		if err != nil || again.dead(self) != c.dead {
			t.Errorf("%v: dead %v, %v", again, again.dead(self), err)
		}
	}
}
