package resource_test

import (
	"errors"
	"fmt"
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
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

func TestProcessOnMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)

	nginx := resource.NewProcess(a, "nginx")
	g.Expect(nginx.Running()).To(BeTrue())
	count := must(nginx.Count())
	g.Expect(m.Exec(t, "pgrep -cx nginx")).To(Equal(fmt.Sprintln(count)))
	pids := must(nginx.PIDs())
	g.Expect(strings.Fields(m.Exec(t, "pgrep -x nginx"))).To(HaveLen(len(pids)))
	g.Expect(strings.Fields(m.Exec(t, "pgrep -x nginx"))[0]).To(Equal(strconv.Itoa(pids[0])))
	g.Expect(nginx.Users()).To(Equal([]string{"root", "www-data"}))
	g.Expect(nginx.OwnedBy("root")).To(BeFalse())
	g.Expect(nginx.Arguments()).To(ContainElement(ContainSubstring("nginx: master process /usr/sbin/nginx -g daemon on;")))

	worker := resource.NewProcess(a, "sleep")
	g.Expect(worker.OwnedBy("deploy")).To(BeTrue(), "%v", worker.Explain("OwnedBy"))
	g.Expect(worker.OwnedBy(strings.TrimSpace(m.Exec(t, "id -u deploy")))).To(BeTrue(), "%v", worker.Explain("OwnedBy"))
	g.Expect(worker.OwnedBy("ngnix")).To(BeFalse())
	g.Expect(worker.Arguments()).To(ContainElement("/bin/sleep 1000001"))

	none := resource.NewProcess(a, "ngnix")
	g.Expect(none.Running()).To(BeFalse())
	g.Expect(none.Explain("Running").Found).To(Equal("no such process"))
	g.Expect(none.Explain("Running").Near).To(Equal("nginx"))
	g.Expect(none.Count()).To(Equal(0))
	g.Expect(none.PIDs()).To(BeEmpty())
	for _, ask := range []func() error{
		func() error { _, err := none.Users(); return err },
		func() error { _, err := none.Arguments(); return err },
		func() error { _, err := none.OwnedBy("root"); return err },
	} {
		var missing *evidence.Missing
		g.Expect(errors.As(ask(), &missing)).To(BeTrue())
	}
}

func TestProcessNamesThatAreRefused(t *testing.T) {
	a := askerFor(t, "local://")
	for name, want := range map[string]string{"": "the name is empty", "/usr/sbin/nginx": `is a path, and processes are known by the base name of their program: "nginx"`} {
		_, err := resource.NewProcess(a, name).Running()
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(want)))
	}
}

// start runs a program of this machine for the length of a test.
func start(t *testing.T, file string, args ...string) int {
	t.Helper()
	cmd := &exec.Cmd{Path: file, Args: args}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// program copies tail under another name: with -f it lives on whatever other
// arguments it is given.
func program(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	b, err := os.ReadFile("/usr/bin/tail")
	if err == nil {
		err = os.WriteFile(file, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestProcessNamesAndArguments(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		for _, c := range []struct{ title, name string }{
			{"spaces and parentheses", "hs (a) b) S 1"},
			{"longer than the kernel keeps", "hs-a-very-long-name-of-a-program"},
			{"backslash", `hs\n`},
			{"leading dash", "-hs"},
		} {
			t.Run(c.title, func(t *testing.T) {
				g := NewWithT(t)
				file := program(t, c.name)
				p := resource.NewProcess(a, c.name)
				g.Expect(p.Running()).To(BeFalse())
				pid := start(t, file, "other title", "-f", "/dev/null", "x\ny")
				g.Expect(p.Running()).To(BeTrue())
				g.Expect(p.PIDs()).To(Equal([]int{pid}))
				g.Expect(p.Arguments()).To(Equal([]string{"other title -f /dev/null x\ny"}))
				g.Expect(p.OwnedBy("root")).To(BeTrue())
				g.Expect(resource.NewProcess(a, c.name[:len(c.name)-1]).Running()).To(BeFalse())
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				g.Expect(p.Count()).To(Equal(1), "the program's file is gone")
			})
		}
	})
}

func TestProcessZombie(t *testing.T) {
	file := program(t, "hs-zombie")
	cmd := exec.Command(file, "/dev/null")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	deadline := time.Now().Add(10 * time.Minute)
	for {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if strings.Contains(string(b), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no zombie came")
		}
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		p := resource.NewProcess(a, "hs-zombie")
		g.Expect(p.Running()).To(BeFalse())
		g.Expect(p.Explain("Running").Found).To(ContainSubstring("zombies"))
		g.Expect(p.Count()).To(Equal(0))
	})
}

// The shells that ask run on the target, too, and are not what the target is for.
func TestProcessShellsThatAskDoNotCount(t *testing.T) {
	m := rig.SharedMachine(t)
	for _, user := range []string{"root", "in-dash", "in-bash", "in-busybox", "in-mksh", "in-ksh93", "in-fish", "in-tcsh"} {
		a := askerFor(t, m.URI(user))
		a.target.Expect(target.Identity{}, 3)
		for _, name := range []string{"sh", "dash", "bash", "grep", "cat", "ls", "busybox", "fish", "tcsh", "bsd-csh", "mksh", "ksh93", "sed", "sort"} {
			p := resource.NewProcess(a, name)
			running, err := p.Running()
			NewWithT(t).Expect(running, err).To(BeFalse(), "%s as %s: %v", name, user, p.Explain("Running"))
		}
	}
	a := askerFor(t, m.URI("root"))
	m.Exec(t, "sleep 1000 </dev/null >/dev/null 2>&1 & exec </dev/null; sh -c 'sleep 1000; :' >/dev/null 2>&1 & echo $! > /tmp/hs-sh")
	NewWithT(t).Expect(resource.NewProcess(a, "dash").Running()).To(BeTrue(), "a shell of somebody else counts")
	m.Exec(t, "pkill -x -f 'sleep 1000'")
}

func TestProcessAsOrdinaryUser(t *testing.T) {
	m := rig.SharedMachine(t)
	g := NewWithT(t)
	a := askerFor(t, m.URI("deploy"))
	nginx := resource.NewProcess(a, "nginx")
	g.Expect(nginx.Running()).To(BeTrue(), "its title is rewritten and its program cannot be read")
	g.Expect(nginx.Users()).To(Equal([]string{"root", "www-data"}))
	g.Expect(resource.NewProcess(a, "nginx: worker process").Running()).To(BeFalse())
}

func TestProcessEveryWayAgrees(t *testing.T) {
	want := map[string]bool{}
	a := askerFor(t, "local://")
	names := []string{"sshd", "dockerd", "bash", "kthreadd", "nope"}
	for _, name := range names {
		want[name] = must(resource.NewProcess(a, name).Running())
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		for _, name := range names {
			NewWithT(t).Expect(resource.NewProcess(a, name).Running()).To(Equal(want[name]), name)
		}
	})
}

// takeAway takes something from a machine until the end of the test.
func takeAway(t *testing.T, m *rig.Machine, name string) {
	t.Helper()
	m.Exec(t, "mv "+name+" "+name+".away")
	t.Cleanup(func() { rig.Docker(t, "exec", m.ID, "sh", "-c", "rm -rf "+name+"; mv "+name+".away "+name) })
}

func TestField_ProcessToolMissing(t *testing.T) {
	m := rig.SharedMachine(t)
	takeAway(t, m, "/usr/bin/grep")
	_, err := resource.NewProcess(askerFor(t, m.URI("root")), "nginx").Running()
	NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("grep"))))
}

// An account that does not see the processes of others cannot tell that one is
// not there.
func TestProcessHidden(t *testing.T) {
	m := rig.StartMachine(t, rig.DockerArgs("--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined"))
	m.Exec(t, "mount -o remount,hidepid=2 /proc")
	g := NewWithT(t)
	a := askerFor(t, m.URI("deploy"))
	g.Expect(resource.NewProcess(a, "sleep").Running()).To(BeTrue(), "it is deploy's own")
	for _, ask := range []func() error{
		func() error { _, err := resource.NewProcess(a, "nginx").Running(); return err },
		func() error { _, err := resource.NewProcess(a, "sleep").Count(); return err },
		func() error { _, err := resource.NewProcess(a, "sleep").OwnedBy("deploy"); return err },
	} {
		g.Expect(ask()).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("/proc is mounted with hidepid="), ContainSubstring("ask as root"))))
	}
	g.Expect(resource.NewProcess(a, "sleep").OwnedBy("root")).To(BeFalse(), "one that is seen is another's")
	g.Expect(resource.NewProcess(askerFor(t, m.URI("root")), "nope").Running()).To(BeFalse())
}
