package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/report"
)

const canary = `c4nary "päss" \word`

// sudoer is an account that may ask as anybody once it has said its password.
func sudoer(t *testing.T) *rig.Account {
	t.Helper()
	a := rig.NewAccount(t, rig.Password(canary))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
	return a
}

// hasNo tells that the password stands nowhere in what was said.
func (r run) hasNo(t *testing.T, secret string) {
	t.Helper()
	for _, text := range []string{r.output, strings.Join(r.outcomes(), "\n")} {
		if strings.Contains(text, secret) {
			t.Errorf("the password is told:\n%s", text)
		}
	}
	for _, x := range r.results {
		for _, text := range []string{x.Text, x.Message, x.Output} {
			if strings.Contains(text, secret) {
				t.Errorf("the password is told: %s", text)
			}
		}
	}
}

func TestSudo_WaysToAskForIt(t *testing.T) {
	sshd := rig.StartSSHD(t)
	a := sudoer(t)
	script := filepath.Join(a.Home, "manager")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho run >>"+filepath.Join(t.TempDir(), "runs")+"\ncat <<'.'\n"+canary+"\nsecond line\n.\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	given := "HOSTSPEC_SUDO_PASSWORD=" + canary
	for name, settings := range map[string][]string{
		"option":           {"-hostspec.target=" + sshd.URI(a.Name, "sudo=true"), given},
		"user":             {"-hostspec.target=" + sshd.URI(a.Name, "sudo_user=root"), given},
		"variable":         {"-hostspec.target=" + sshd.URI(a.Name), "HOSTSPEC_SUDO=true", given},
		"over variable":    {"-hostspec.target=" + sshd.URI(a.Name, "sudo=true"), "HOSTSPEC_SUDO=false", given},
		"password manager": {"-hostspec.target=" + sshd.URI(a.Name, "sudo=true"), "HOSTSPEC_SUDO_PASSWORD_COMMAND=" + script + " show x"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := runScenario(t, "sudo", append(settings, `SUDO_CANARY='c4nary "p\303\244ss" \\word'`)...)
			g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
			g.Expect(r.results).To(HaveLen(8))
			r.hasNo(t, canary)
			g.Expect(r.of(t, "printf").Evidence[0].Found).To(ContainSubstring("stdout: ***"), "it is masked where it turns up by chance")
			g.Expect(r.end.Costs).To(HaveLen(1))
			c := r.end.Costs[0]
			g.Expect(c.Connections).To(Equal(1))
			g.Expect(c.Commands).To(Equal(5))
			g.Expect(c.Exchanges).To(BeNumerically("<=", 3*3), "three for each user, and fewer for an account of which little is asked")
		})
	}
	g := NewWithT(t)
	r := runScenario(t, "sudo", "-hostspec.target="+sshd.URI(a.Name, "sudo=false"), "HOSTSPEC_SUDO=true", given)
	g.Expect(r.results[0].Outcome).To(Equal(report.Failed), "the option wins over the variable")
	r = runPlain(t, "passes", "HOSTSPEC_SUDO=perhaps")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(ContainSubstring("HOSTSPEC_SUDO=perhaps: want true or false"))
	r = runPlain(t, "passes", "HOSTSPEC_SUDO_PASSWORD=two\nlines")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(And(ContainSubstring("HOSTSPEC_SUDO_PASSWORD: a password of more than one line"), Not(ContainSubstring("lines\n"))))
	r = runPlain(t, "sudo-nobody")
	g.Expect(r.code).NotTo(BeZero())
	g.Expect(r.output).To(ContainSubstring(`Package "bash": AsUser: the name is empty`))
}

// TestField_SudoIsRefused is what lets all negatives of serverspec pass.
func TestField_SudoIsRefused(t *testing.T) {
	sshd := rig.StartSSHD(t)
	a := sudoer(t)
	for name, c := range map[string]struct {
		settings []string
		words    string
	}{
		"no password":    {nil, "sudo: a password is required"},
		"wrong password": {[]string{"HOSTSPEC_SUDO_PASSWORD=wr0ng-one"}, "with the password it was given: Sorry, try again."},
		"shut safe": {[]string{"HOSTSPEC_SUDO_PASSWORD_COMMAND=echo wr0ng-one; echo the safe is shut >&2; exit 4"},
			"HOSTSPEC_SUDO_PASSWORD_COMMAND: exit status 4: the safe is shut"},
		"empty safe": {[]string{"HOSTSPEC_SUDO_PASSWORD_COMMAND=:"}, "HOSTSPEC_SUDO_PASSWORD_COMMAND: its first line is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			who := a.Name + " cannot ask as root by sudo"
			all := runScenario(t, "sudo-negatives", append(c.settings, "-hostspec.target="+sshd.URI(a.Name, "sudo=true"))...)
			g.Expect(all.results).To(HaveLen(4))
			g.Expect(all.results[0].Outcome).To(Equal(report.Unreachable), all.output)
			g.Expect(all.results[0].Message).To(And(ContainSubstring("ssh://"+a.Name+"@"), ContainSubstring("UNREACHABLE"), ContainSubstring(who), ContainSubstring(c.words)))
			for _, r := range all.results[1:] {
				g.Expect(r.Outcome).To(Equal(report.Skipped))
				g.Expect(r.Message).To(ContainSubstring("UNREACHABLE, see "))
			}
			all.hasNo(t, "wr0ng")
			single := runScenario(t, "sudo-single", append(c.settings, "-hostspec.target="+sshd.URI(a.Name))...)
			for _, text := range []string{`User "root"`, `Command "true"`, "tells in author's code"} {
				r := single.of(t, text)
				g.Expect(r.Outcome).To(Equal(report.NotTold), text)
				g.Expect(r.Message).To(And(ContainSubstring("ssh://"+a.Name+"@"), ContainSubstring("cannot ask as "), ContainSubstring(c.words)), text)
			}
			g.Expect(single.of(t, `Package "bash"`).Outcome).To(Equal(report.Passed), "the target can be used")
			g.Expect(single.of(t, `Command "id -u"`).Outcome).To(Equal(report.Passed))
			single.hasNo(t, "wr0ng")
		})
	}
}

// TestSudo_ThePasswordIsSeenNowhere looks at every process of this machine, which is
// that of the specs and the target, too, while commands run under sudo.
func TestSudo_ThePasswordIsSeenNowhere(t *testing.T) {
	g := NewWithT(t)
	const secret = "c4nary-nowhere"
	a := rig.NewAccount(t, rig.Password(secret))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
	sshd := rig.StartSSHD(t)
	dir := t.TempDir()
	looked := filepath.Join(dir, "looked")
	config := filepath.Join(dir, "config")
	// ssh -G and a ProxyCommand are started by us, too.
	through := fmt.Sprintf("ssh -F none -i %s -o UserKnownHostsFile=%s -o BatchMode=yes -p %s -W %s %s@%s", sshd.Identity, sshd.KnownHosts, sshd.Port, sshd.Addr, a.Name, sshd.Host)
	must(t, os.WriteFile(config, []byte("Host *\nProxyCommand "+through+"\n"), 0o644))
	ended := make(chan run, 1)
	go func() {
		ended <- runPlain(t, "sudo-waits", "-hostspec.target="+sshd.URI(a.Name, "sudo=true", "ssh_config="+config),
			"HOSTSPEC_SUDO_PASSWORD="+secret, "SUDO_LOOKED="+looked)
	}()
	g.Eventually(looked + ".now").WithTimeout(10 * time.Minute).WithPolling(20 * time.Millisecond).Should(BeAnExistingFile())
	lines, seen := lookFor(secret)
	must(t, os.WriteFile(looked, nil, 0o644))
	g.Expect(lines).To(ContainElement(ContainSubstring("ssh -F none -i ")), "the ProxyCommand runs")
	g.Expect(lines).To(ContainElement(HavePrefix("sudo -S ")), "sudo runs")
	r := <-ended
	g.Expect(r.code).To(BeZero(), r.output)
	r.hasNo(t, secret)
	// The test binary itself was given it by its parent, before it could forget it.
	for _, line := range seen {
		g.Expect(line).To(ContainSubstring("scenarios.test"))
	}
}

// lookFor returns the command lines of all processes, and those of the processes that
// have a text among their arguments or in their environment.
func lookFor(text string) (lines, seen []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		// A process may have ended meanwhile.
		words, _ := os.ReadFile(f)
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "environ"))
		line := strings.ReplaceAll(string(words), "\x00", " ")
		lines = append(lines, line)
		if strings.Contains(line, text) || strings.Contains(string(environ), text) {
			seen = append(seen, line)
		}
	}
	return lines, seen
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
