package target

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
)

// A server that gives a connection one session lets a shell in, and keeps commands
// waiting: that could not be told, and does not take for ever.
func TestRun_AServerWithOneSession(t *testing.T) {
	g := NewWithT(t)
	target := open(t, rig.StartSSHD(t, rig.Config("MaxSessions 1")).URI("root"))
	got, err := ask(t, target, single, "echo one", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("one\n"))
	_, _, err = target.Run(t.Context(), Identity{}, Script{Text: "echo hi", Timeout: 5 * time.Second})
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	got, err = ask(t, target, single, "echo two", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("two\n"))
}

// A PATH without sh is completed, and what the account exports changes no question.
func TestTarget_EnvironmentOfTheAccount(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "exec:env PATH=/nonexistent QUOTING_STYLE=shell-always BLOCK_SIZE=1K")
	out, _, err := target.Run(t.Context(), Identity{}, Script{Text: "ls -d /etc; echo $BLOCK_SIZE"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out.Stdout)).To(Equal("'/etc'\n1K\n"), "a command is an author's own, with the account's environment")
	got, err := ask(t, target, single, "ls -d /etc; echo $BLOCK_SIZE", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("/etc\n\n"))
}

// dropbear starts the sessions of a connection in its own process group. The deadline of
// one command ends what that has started, and nothing else.
func TestRun_ADeadlineKillsNoNeighbour(t *testing.T) {
	if !rig.Isolate(t) {
		return
	}
	g := NewWithT(t)
	target := open(t, startDropbear(t))
	pid := func(script string, timeout time.Duration) int {
		out, _, failed := target.Run(t.Context(), Identity{}, Script{Text: script, Timeout: timeout}) // one is to fail
		n, err := strconv.Atoi(strings.TrimSpace(string(out.Stdout)))
		g.Expect(err).NotTo(HaveOccurred(), "%v", failed)
		return n
	}
	alive := func(pid int) func() bool {
		return func() bool {
			stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
			return err == nil && !strings.Contains(string(stat), ") Z ")
		}
	}
	neighbour := pid("sleep 3571 >/dev/null 2>&1 & echo $!", 0)
	t.Cleanup(func() { _ = exec.Command("kill", strconv.Itoa(neighbour)).Run() })
	hanging := pid("sleep 3572 & echo $!; wait", 5*time.Second)
	g.Eventually(alive(hanging), "2m").Should(BeFalse(), "what hangs is killed")
	g.Expect(alive(neighbour)()).To(BeTrue(), "what another command left behind lives")
	got, err := ask(t, target, single, "echo still here", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("still here\n"))
}

// startDropbear starts one, and returns the URI of this account there.
func startDropbear(t *testing.T) string {
	t.Helper()
	sshd := rig.StartSSHD(t) // for the key that it lets in
	dir := t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	key := filepath.Join(dir, "host")
	run("dropbearkey", "-t", "ed25519", "-f", key)
	account := rig.NewAccount(t)
	ssh := filepath.Join(account.Home, ".ssh")
	run("install", "-d", "-o", account.Name, "-m", "700", ssh)
	run("install", "-o", account.Name, "-m", "600", sshd.Identity+".pub", filepath.Join(ssh, "authorized_keys"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // dropbear takes it over
	cmd := exec.CommandContext(t.Context(), "dropbear", "-F", "-E", "-r", key, "-p", addr, "-P", filepath.Join(dir, "pid"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it ends with the test's context
	NewWithT(t).Eventually(func() error {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}, "2m").Should(Succeed())
	return "ssh://" + account.Name + "@" + addr + "?host_key=accept-new&ssh_config=none&known_hosts=" + filepath.Join(dir, "known") + "&identity=" + sshd.Identity + "&connect_timeout=60s"
}
