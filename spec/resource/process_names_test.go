package resource_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/local"
	"github.com/hostspec/hostspec/spec/resource"
)

// A disguise is a real process and what it is called and not called.
type disguise struct {
	title   string
	program string   // looked up in PATH; the case is left out where it is missing
	args    []string // DIR is the folder of the scripts
	script  string   // written to the file DIR/NAME first
	name    string
	yes, no []string
	unsure  []string
	pid     int
}

const forever = "import time\nprint(flush=True)\ntime.sleep(100000)\n"

var disguises = []*disguise{
	{title: "script of python", program: "DIR/hs-a-long-script-of-python", name: "hs-a-long-script-of-python", script: "#!/usr/bin/env -S python3 -u\n" + forever,
		args: []string{"", "hs-arg"}, yes: []string{"hs-a-long-script-of-python", "python3"}, no: []string{"hs-arg", "hs-a-long-scrip", "hs-a-long-script", "env"}},
	{title: "module of python", program: "python3", name: "hsmodule.py", script: forever,
		args: []string{"python3", "-W", "ignore", "-m", "hsmodule", "hs-arg"}, yes: []string{"hsmodule", "python3"}, no: []string{"ignore", "hs-arg"}},
	{title: "script of sh", program: "DIR/hs-script.sh", name: "hs-script.sh", script: "#!/bin/sh -e\necho; read x\n",
		args: []string{""}, yes: []string{"hs-script.sh", "sh"}, no: []string{"hs-script", "script.sh"}},
	{title: "login shell", program: "sh", args: []string{"-hs-login", "-c", "echo; read hs_x"}, yes: []string{"hs-login"}, no: []string{"hs_x", "login"}},
	{title: "script of ruby", program: "ruby", name: "hs-ruby", script: "puts; $stdout.flush; sleep",
		args: []string{"ruby", "-W0", "-I", "/hs-lib", "DIR/hs-ruby"}, yes: []string{"hs-ruby", "ruby"}, no: []string{"hs-lib"}},
	{title: "script of node", program: "node", name: "hs-server.js", script: "console.log(); setInterval(() => {}, 1e6)",
		args: []string{"node", "--stack-trace-limit=9", "DIR/hs-server.js", "hs-arg"}, yes: []string{"hs-server.js", "node"}, no: []string{"hs-arg"}},
	{title: "title with a colon", program: "perl", name: "hs-perl", script: `$| = 1; $0 = "hs-titled: worker one of two"; print "\n"; sleep`,
		args: []string{"perl", "DIR/hs-perl"}, yes: []string{"hs-titled", "perl"}, no: []string{"worker", "two"}},
	{title: "title without a colon", program: "perl", name: "hs-perl", script: `$| = 1; $0 = "hs-child of hs-parent here"; print "\n"; sleep`,
		args: []string{"perl", "DIR/hs-perl"}, yes: []string{"perl"}, no: []string{"hs-par"}, unsure: []string{"hs-parent", "hs-child"}},
	{title: "busybox as what it is called", program: "busybox", args: []string{"/sbin/sh", "-c", "echo; read hs_x"}, yes: []string{"sh"}, no: []string{"busybox", "hs_x"}},
	{title: "busybox by name", program: "busybox", name: "hs-applet", script: "echo; read hs_x", args: []string{"busybox", "sh", "DIR/hs-applet"},
		yes: []string{"hs-applet", "sh", "busybox"}, no: []string{"hs_x"}},
	{title: "first thread has ended", program: "python3", args: []string{"python3", "-c", "import ctypes, threading, time\nthreading.Thread(target=time.sleep, args=(1e5,)).start()\nprint(flush=True)\nctypes.CDLL(None).pthread_exit(None)"},
		yes: []string{"python3"}, no: []string{"hs"}},
}

// startAndRead starts a process and waits until it has printed so many bytes. At the end
// of the test its stdin ends, and it is waited for.
func startAndRead(t *testing.T, cmd *exec.Cmd, n int) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	if _, err := io.ReadFull(stdout, make([]byte, n)); err != nil {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
}

// put starts the process, and waits until it has printed something.
func (d *disguise) put(t *testing.T, dir string) {
	t.Helper()
	in := func(s string) string { return strings.ReplaceAll(s, "DIR", dir) }
	if d.name != "" {
		if err := os.WriteFile(filepath.Join(dir, d.name), []byte(d.script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file, err := exec.LookPath(in(d.program))
	if err != nil {
		t.Logf("%s is left out: %v", d.title, err)
		return
	}
	if system := "/usr/bin/" + d.program; exec.Command("test", "-x", system).Run() == nil {
		file = system // not a wrapper that runs another one
	}
	cmd := &exec.Cmd{Path: file, Env: append(os.Environ(), "PYTHONPATH="+dir)}
	for _, a := range d.args {
		cmd.Args = append(cmd.Args, in(a))
	}
	startAndRead(t, cmd, 1)
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	d.pid = cmd.Process.Pid
	if strings.HasPrefix(d.title, "first thread") {
		await(t, func() bool {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.pid))
			return strings.Contains(string(b), ") Z ")
		})
	}
}

func TestProcessIsWhatPeopleCallIt(t *testing.T) {
	for _, d := range disguises {
		dir, err := os.MkdirTemp("", "hs")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		d.put(t, dir)
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		called := func(d *disguise, name string) (bool, error) {
			pids, err := resource.NewProcess(frozenAsker{a}, name).PIDs()
			return slices.Contains(pids, d.pid), err
		}
		for _, d := range disguises {
			if d.pid == 0 {
				continue
			}
			for _, name := range d.yes {
				g.Expect(called(d, name)).To(BeTrue(), "%s: %s", d.title, name)
			}
			for _, name := range d.no {
				g.Expect(called(d, name)).To(BeFalse(), "%s: %s", d.title, name)
			}
			for _, name := range d.unsure {
				_, err := resource.NewProcess(frozenAsker{a}, name).Running()
				g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("title"))), "%s: %s", d.title, name)
			}
		}
		g.Expect(resource.NewProcess(frozenAsker{a}, "kthreadd").Running()).To(BeFalse(), "a thread of the kernel")
	})
}

// fewerRights are ways to ask this machine with fewer rights than root has: as root in
// most containers, which may not look at the programs of others, and as an ordinary
// account.
var fewerRights = map[string][]string{
	"ptrace": {"setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--"},
	"root":   {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"},
}

func init() {
	for name, prefix := range fewerRights {
		backends.Register("test-without-"+name, backends.Driver{Open: func(context.Context, *backends.URI) (backends.Backend, error) {
			return prefixed{local.New(), prefix}, nil
		}})
	}
}

// prefixed starts programs by another one.
type prefixed struct {
	backend *local.Backend
	prefix  []string
}

func (b prefixed) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	c.Args = append(slices.Clone(b.prefix), c.Args...)
	return b.backend.Start(ctx, c)
}

func (b prefixed) Close() error { return b.backend.Close() }

const hsDaemons = `cd "$1"; case $(uname -m) in x86_64) prctl=157;; *) prctl=167;; esac
for n in php-fpm8.2 hs-daemon-of-a-long-name; do cp -L "$(command -v perl)" ./$n; done; chmod 755 .
run() {
	setpriv --reuid=$1 --clear-groups -- ./$2 -e '$| = 1; $0 = shift; my $n = shift; syscall('$prctl', 15, $n, 0, 0, 0); print "\n"; sleep 100000' "$3" "$2" &
	all="$all $!"
}
run 0 php-fpm8.2 "php-fpm: master process (/etc/php-fpm.conf)"
run 65533 php-fpm8.2 "php-fpm: pool www"
run 65533 php-fpm8.2 "php-fpm: pool www"
run 65533 hs-daemon-of-a-long-name "a worker of it"
read end; kill $all; wait`

// hsAsk makes the test binary ask, started with fewer rights.
const hsAsk = "HOSTSPEC_TEST_ASK_PROCESSES"

func TestProcessWhoseProgramMayNotBeLookedAt(t *testing.T) {
	if os.Getenv(hsAsk) != "" {
		expectDisguised(t, askerFor(t, "local://"))
		return
	}
	startAndRead(t, exec.Command("sh", "-c", hsDaemons, "sh", t.TempDir()), 4) // a line of each
	for name := range fewerRights {
		t.Run("without "+name, func(t *testing.T) { expectDisguised(t, askerFor(t, "test-without-"+name+"://machine")) })
	}
	t.Run("local, without ptrace", func(t *testing.T) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(fewerRights["ptrace"][0], append(fewerRights["ptrace"][1:], exe, "-test.run=^TestProcessWhoseProgramMayNotBeLookedAt$", "-test.count=1")...)
		child.Env = append(os.Environ(), hsAsk+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func expectDisguised(t *testing.T, asker testAsker) {
	t.Helper()
	a := frozenAsker{asker}
	g := NewWithT(t)
	fpm := resource.NewProcess(a, "php-fpm8.2")
	g.Expect(fpm.Count()).To(Equal(3))
	g.Expect(fpm.Running()).To(BeTrue())
	g.Expect(fpm.Users()).To(Equal([]string{"65533", "root"}))
	g.Expect(resource.NewProcess(a, "php-fpm").Count()).To(Equal(3))
	g.Expect(resource.NewProcess(a, "php").Running()).To(BeFalse())
	for _, name := range []string{"hs-daemon-of-a-long-name", "hs-daemon-of-a-longer-one"} {
		p := resource.NewProcess(a, name)
		_, err := p.Running()
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("may not be looked at"))), name)
		_, err = p.Count()
		g.Expect(err).To(MatchError(ContainSubstring("could not tell")), name)
	}
	g.Expect(resource.NewProcess(a, "hs-daemon-of-one-name").Running()).To(BeFalse())
}
