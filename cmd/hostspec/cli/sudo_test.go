package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

const canary = "c4nary word"

// sudoers are targets on which root is asked as, with the password above.
func sudoers(t *testing.T, n int) (targets []string) {
	t.Helper()
	sshd := rig.StartSSHD(t)
	for range n {
		a := rig.NewAccount(t, rig.Password(canary))
		rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
		targets = append(targets, "-t", sshd.URI(a.Name))
	}
	return targets
}

func (a answer) hasNo(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(a.stdout+a.stderr, text) {
		t.Errorf("it tells %q:\n%s%s", text, a.stdout, a.stderr)
	}
}

func asRoot(t *testing.T, args ...string) *call {
	return hostspec(t, append(append([]string{"run", "-v"}, args...), "./testdata/asroot")...)
}

func TestRunSudo(t *testing.T) {
	targets := sudoers(t, 2)
	runs := filepath.Join(t.TempDir(), "runs")
	manager := "echo x >>" + runs + "; echo " + canary
	const passed = "2 targets, 8 specs: 8 passed, 0 failed, 0 could not tell, 0 skipped"
	for name, c := range map[string]*call{
		"--sudo":   asRoot(t, append(targets, "--sudo")...).with("HOSTSPEC_SUDO_PASSWORD=" + canary),
		"variable": asRoot(t, targets...).with("HOSTSPEC_SUDO=true", "HOSTSPEC_SUDO_PASSWORD="+canary),
		"manager":  asRoot(t, append(targets, "--sudo")...).with("HOSTSPEC_SUDO_PASSWORD_COMMAND=" + manager),
	} {
		t.Run(name, func(t *testing.T) {
			a := c.run()
			a.wants(t, 0, passed)
			a.hasNo(t, "c4nary")
		})
	}
	text, err := os.ReadFile(runs)
	if string(text) != "x\n" {
		t.Errorf("the password manager ran %q times, %v", text, err)
	}
	a := asRoot(t, append(targets, "--no-sudo")...).with("HOSTSPEC_SUDO=true").run()
	a.wants(t, 1, "4 passed, 2 failed, 2 could not tell")
}

func TestField_SudoPasswordIsMissingOrWrong(t *testing.T) {
	targets := sudoers(t, 1)
	const last = "4 specs: 0 passed, 0 failed, 1 could not tell, 3 skipped"
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"missing": {nil, "sudo: a password is required"},
		"wrong":   {[]string{"HOSTSPEC_SUDO_PASSWORD=wr0ng"}, "with the password it was given: Sorry, try again."},
		"two lines": {[]string{"HOSTSPEC_SUDO_PASSWORD_COMMAND=printf '%s\\000' wr0ng"},
			"a password with a NUL byte in it cannot be given to sudo"},
	} {
		t.Run(name, func(t *testing.T) {
			a := asRoot(t, append(targets, "--sudo")...).with(c.env...).run()
			a.wants(t, 3, "UNREACHABLE", " cannot ask as root by sudo", c.says, last)
			a.hasNo(t, "wr0ng")
		})
	}
	a := asRoot(t).with("HOSTSPEC_SUDO_PASSWORD=wr0ng\nlines").run()
	a.wants(t, 2, "HOSTSPEC_SUDO_PASSWORD: a password of more than one line cannot be given to sudo")
	a.hasNo(t, "wr0ng")
}

// TestRunSudo_AsksOnceOnTheTerminal types the password, which is not shown, once for
// all targets.
func TestRunSudo_AsksOnceOnTheTerminal(t *testing.T) {
	ours, theirs := openTerminal(t)
	cmd := asRoot(t, append(sudoers(t, 2), "--sudo")...).command(t.Context())
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	shown := ""
	buf := make([]byte, 4096)
	for {
		n, err := ours.Read(buf)
		shown += string(buf[:n])
		if strings.HasSuffix(shown, ": ") && !strings.Contains(shown, "\n") {
			if _, err := ours.WriteString(canary + "\n"); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break // EIO: nobody has the terminal open any more
		}
	}
	err := cmd.Wait()
	answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}.wants(t, 0, "2 targets, 8 specs: 8 passed")
	if strings.Contains(shown+stdout.String()+stderr.String(), "c4nary") || strings.Count(shown, "sudo password") != 1 {
		t.Errorf("%v; the terminal showed %q", err, shown)
	}
}

// TestRunSudo_AWrongPasswordIsToldOnce for all packages and targets of an account: one
// directory may be behind them, which locks it.
func TestRunSudo_AWrongPasswordIsToldOnce(t *testing.T) {
	a := rig.NewAccount(t, rig.Password(canary))
	log := filepath.Join(t.TempDir(), "log")
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL", "Defaults:USER logfile="+log)
	one, two := rig.StartSSHD(t), rig.StartSSHD(t)
	c := hostspec(t, "run", "-t", one.URI(a.Name), "-t", two.URI(a.Name), "--sudo", "./testdata/asroot", "./testdata/good")
	c.with("HOSTSPEC_SUDO_PASSWORD=wr0ng").run().wants(t, 3, "Sorry, try again.", "the password at hand was refused for "+a.Name)
	text, err := os.ReadFile(log)
	if n := strings.Count(string(text), "incorrect password attempt"); n != 1 || !strings.Contains(string(text), "1 incorrect") {
		t.Errorf("sudo heard %d wrong passwords, %v:\n%s", n, err, text)
	}
}
