package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/command"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustOpen(t testing.TB, prefix string) backends.Backend {
	t.Helper()
	b, err := backends.Open(within(t, time.Minute), "exec:"+prefix+"?connect_timeout=60s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// conform runs checks of the conformance suite; all of them where none is named.
func conform(t *testing.T, prefix string, opts backendtest.Options, names ...string) {
	t.Helper()
	open := func(ctx context.Context) (backends.Backend, error) {
		return backends.Open(ctx, "exec:"+prefix+"?connect_timeout=60s")
	}
	for _, check := range backendtest.Checks() {
		if len(names) > 0 && !slices.Contains(names, check.Name) {
			continue
		}
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, opts)
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// telling are the checks that a prefix can spoil by its nature.
var telling = []string{
	"binary output is exact", "stderr is apart from stdout", "stdin is exact", "stdin is passed on as it comes",
	"a process that does not read its stdin", "a process that does not read a large stdin",
	"many and long words", "death by a signal", "program that does not exist",
	"a cancelled context leaves no orphan", "signals that are ignored do not save a process",
	"a grandchild that holds the pipe", "close kills what still runs", "a target that dies under a command",
}

// TestChroot has the whole suite where the prefix becomes the shell and passes words
// on, TestOpenSSH where a server of its own and a login shell are between. The other
// prefixes, each of which starts a process in its own way, have what tells, and that at
// once: none of it measures this process's memory.
func TestChroot(t *testing.T) {
	conform(t, "chroot "+newChroot(t), backendtest.Options{})
}

func TestOpenSSH(t *testing.T) {
	s := rig.StartSSHD(t)
	prefix := sshPrefix(t, s, rig.NewAccount(t, rig.LoginShell("/usr/bin/fish")).Name, shared(t)...)
	conform(t, prefix, backendtest.Options{Kill: func(context.Context) error {
		// The prefix could connect again, were it let in.
		defer s.DropConnections()
		return os.Remove(filepath.Join(s.Dir, "authorized_keys"))
	}})
}

func TestOpenSSHWithoutSharing(t *testing.T) {
	s := rig.StartSSHD(t)
	b := mustOpen(t, sshPrefix(t, s, rig.NewAccount(t, rig.RC("echo welcome; echo welcome >&2\n")).Name))
	for range 2 {
		stdout, stderr := output(t, b, "sh", "-c", "echo mine; echo mine >&2", "it's")
		if stdout != "mine\n" || stderr != "mine\n" {
			t.Errorf("stdout %q, stderr %q", stdout, stderr)
		}
	}
}

func TestDockerExec(t *testing.T) {
	t.Parallel()
	m := rig.StartMachine(t, rig.WithoutSystemd())
	conform(t, "docker exec -i "+m.ID, backendtest.Options{
		Kill: func(context.Context) error { m.Stop(t); return nil },
	}, telling...)
}

// TestPodmanExec leaves out a large stdin that nobody reads: with one, podman 4.3 loses
// what the process prints.
func TestPodmanExec(t *testing.T) {
	t.Parallel()
	checks := slices.DeleteFunc(slices.Clone(telling), func(name string) bool { return strings.Contains(name, "large stdin") })
	name := newPodman(t)
	conform(t, "podman exec -i "+name, backendtest.Options{
		Kill: func(ctx context.Context) error { return exec.CommandContext(ctx, "podman", "kill", name).Run() },
	}, checks...)
}

func TestNsenter(t *testing.T) {
	t.Parallel()
	pid := newNamespaces(t)
	conform(t, "nsenter --mount --uts --ipc --pid --target "+pid, backendtest.Options{
		Kill: func(ctx context.Context) error { return exec.CommandContext(ctx, "kill", "-s", "KILL", pid).Run() },
	}, telling...)
}

func TestPlainPrograms(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"env -i PATH=/usr/bin:/bin", "unshare --pid --fork --kill-child --mount-proc", "busybox", "sudo -n"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			conform(t, prefix, backendtest.Options{}, telling...)
		})
	}
}

// TestPasswordPrompt has ssh want a password, which nobody can type in.
func TestPasswordPrompt(t *testing.T) {
	s := rig.StartSSHD(t, rig.Config("PasswordAuthentication yes", "PubkeyAuthentication no"))
	prefix := sshPrefix(t, s, rig.NewAccount(t, rig.Password("geheim")).Name)
	_, err := backends.Open(within(t, time.Minute), "exec:"+prefix+"?connect_timeout=50s")
	t.Log(err)
	if _, ok := errors.AsType[*backends.UnreachableError](err); !ok || !strings.Contains(err.Error(), "Permission denied") {
		t.Error(err)
	}
}

// output runs words and wants exit 0.
func output(t testing.TB, b backends.Backend, words ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: words, Stdout: &out, Stderr: &errs})
	if err != nil {
		t.Fatalf("start %q: %v", words, err)
	}
	status, err := p.Wait()
	if err != nil || !status.Success() {
		t.Fatalf("%q: %v, %v: %s", words, status, err, errs.String())
	}
	return out.String(), errs.String()
}

// script writes a prefix of our own, which runs its arguments.
func script(t testing.TB, text string) string {
	t.Helper()
	return "sh -c " + backends.Quote(text) + " prefix"
}

func TestUnreachable(t *testing.T) {
	for name, c := range map[string]struct {
		prefix string
		want   []string
	}{
		"a program that is not there": {"no-such-program exec -i pod --", []string{`"no-such-program"`, "not found", "installed"}},
		"a container that is not":     {"docker exec -i no-such-container", []string{"exit status 1", "No such container"}},
		"a terminal that is none":     {"docker exec -it " + rig.StartMachine(t, rig.WithoutSystemd()).ID, []string{"exit status 1", "not a TTY", "leave out -t"}},
		"no stdin":                    {script(t, `exec "$@" </dev/null`), []string{"exit status 0", "-i"}},
		"no sh":                       {script(t, `echo 'sh: not found' >&2; exit 127`), []string{"127", "sh: not found", "Is there an sh?"}},
		"silence":                     {script(t, `sleep 300`), []string{"no answer within 1s", "password"}},
		"words and silence":           {script(t, `echo Password: >&2; sleep 300`), []string{"no answer within 1s", "Password:"}},
		"closed outputs":              {script(t, `exec >&- 2>&-; sleep 300`), []string{"no answer within 1s"}},
		"no stderr":                   {script(t, `exec "$@" 2>/dev/null`), []string{"stderr does not"}},
		"one stream":                  {script(t, `exec "$@" 2>&1`), []string{"passes stderr on as stdout", "-t"}},
		"a terminal":                  {script(t, `exec script -qec "$*" /dev/null`), []string{"terminal", "-t"}},
		"a signal":                    {script(t, `kill -9 $$`), []string{"signal: killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			timeout := "60s"
			if strings.HasPrefix(c.want[0], "no answer") {
				timeout = "1s"
			}
			_, err := backends.Open(within(t, time.Minute), "exec:"+c.prefix+"?connect_timeout="+timeout)
			t.Log(err)
			unreachable, ok := errors.AsType[*backends.UnreachableError](err)
			if !ok {
				t.Fatalf("%v is no UnreachableError", err)
			}
			if !strings.HasPrefix(unreachable.Error(), "exec:"+c.prefix+" is UNREACHABLE") {
				t.Error("the target is not named")
			}
			for _, want := range c.want {
				if !strings.Contains(strings.ReplaceAll(err.Error(), unreachable.Target, ""), want) {
					t.Errorf("it does not say %q", want)
				}
			}
		})
	}
}

func TestNoise(t *testing.T) {
	for name, text := range map[string]string{
		"before": `echo welcome; printf careful >&2; exec "$@"`,
		"behind": `"$@"; echo bye; echo bye >&2; exit 5`,
		"much":   `seq 1 100000; seq 1 100000 >&2; exec "$@"`,
	} {
		t.Run(name, func(t *testing.T) {
			b := mustOpen(t, script(t, text))
			for range 2 {
				stdout, stderr := output(t, b, "sh", "-c", "echo mine; printf mine >&2")
				if stdout != "mine\n" || stderr != "mine" {
					t.Errorf("stdout %q, stderr %q", stdout, stderr)
				}
			}
		})
	}
}

// TestExitCodeIsTheCommandsOwn has prefixes that end as they like.
func TestExitCodeIsTheCommandsOwn(t *testing.T) {
	b := mustOpen(t, script(t, `"$@"; exit 255`))
	for want, code := range []string{"exit 0", "exit 1", "exit 2"} {
		p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"sh", "-c", code}})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := p.Wait(); err != nil || status.Code != want {
			t.Errorf("%s: %v, %v", code, status, err)
		}
	}
}

// TestKilledShell has a command kill the shell that waits for it, which is no lost
// connection.
func TestKilledShell(t *testing.T) {
	b := mustOpen(t, "env LANG=C")
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"sh", "-c", "kill -9 $PPID"}})
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.Wait()
	if _, ok := errors.AsType[*backends.NoStatusError](err); !ok || errors.Is(err, backends.ErrLost) {
		t.Errorf("%v, %v", status, err)
	}
	output(t, b, "true")
}

// TestLostShell has the target die under what ends with its stdin, before that does.
func TestLostShell(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	b := mustOpen(t, script(t, "test ! -e "+gone+` || { echo gone >&2; exit 1; }; exec "$@"`))
	for _, lost := range []bool{false, true} {
		in, stdin := io.Pipe()
		p, err := b.Start(within(t, time.Minute), backends.Command{
			Args: []string{"sh", "-c", `read -r word; test -z "$word" || touch "$1"; kill -9 0`, "sh", gone}, Stdin: in, EndsWithStdin: true})
		if err != nil {
			t.Fatal(err)
		}
		if lost {
			_, _ = io.WriteString(stdin, "die\n")
		} else {
			_ = stdin.Close()
		}
		status, err := p.Wait()
		_ = stdin.Close()
		if errors.Is(err, backends.ErrLost) != lost || err == nil || lost && !strings.Contains(err.Error(), "gone") {
			t.Errorf("lost %v: %v, %v", lost, status, err)
		}
	}
}

// TestDaemonLives leaves alone what a command has left behind on purpose, also where
// the prefix becomes the command.
func TestDaemonLives(t *testing.T) {
	b := mustOpen(t, "env LANG=C")
	pid, _ := output(t, b, "sh", "-c", "sleep 1000000 >/dev/null 2>&1 </dev/null & echo $!")
	_ = b.Close()
	again := mustOpen(t, "env LANG=C")
	output(t, again, "kill", strings.TrimSpace(pid))
}

func TestPasswordsStayHere(t *testing.T) {
	for _, name := range []string{"HOSTSPEC_SSH_PASSWORD", "HOSTSPEC_SSH_PASSPHRASE", "HOSTSPEC_SUDO_PASSWORD"} {
		t.Setenv(name, "geheim")
	}
	if stdout, _ := output(t, mustOpen(t, "env LANG=C"), "env"); strings.Contains(stdout, "geheim") {
		t.Error(stdout)
	}
}
