package spec_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/report"
)

// distroless is a container that runs and in which there is no shell.
func distroless(t *testing.T) string {
	t.Helper()
	id := rig.MakeContainer(t, rig.MakeImage(t,
		rig.File{Name: "sleeper", Mode: 0o755, Content: rig.Sleeper(t)},
		rig.File{Name: "etc/"}, rig.File{Name: "etc/os-release", Content: "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian, or what is left of it\"\n"},
		rig.File{Name: "etc/passwd", Content: "root:x:0:0::/root:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n"},
		rig.File{Name: "etc/group", Content: "root:x:0:\n"},
		rig.File{Name: "var/"}, rig.File{Name: "var/lib/"}, rig.File{Name: "var/lib/dpkg/"}, rig.File{Name: "var/lib/dpkg/status.d/"},
		rig.File{Name: "var/lib/dpkg/status.d/bash", Content: "Package: bash\nVersion: 5.2\nArchitecture: amd64\n"}), "/sleeper")
	rig.Docker(t, "start", id)
	return "docker://" + id
}

// wantOutcomes compares each spec's outcome with that of the first text which stands
// in its own.
func (r run) wantOutcomes(t *testing.T, want map[string]report.Outcome, otherwise report.Outcome) {
	t.Helper()
	for _, x := range r.results {
		outcome := otherwise
		for text, o := range want {
			if strings.Contains(x.Text, text) {
				outcome = o
			}
		}
		if x.Outcome != outcome {
			t.Errorf("%s: %s, want %s\n%s", x.Text, x.Outcome, outcome, x.Message)
		}
	}
}

func TestContainer_WithAShell(t *testing.T) {
	for uri, first := range map[string]string{
		"docker://" + rig.StartMachine(t, rig.WithoutSystemd()).ID: "sshd",
		"docker-image://" + rig.Image(t):                           "sh",
	} {
		g := NewWithT(t)
		r := runScenario(t, "container", "-hostspec.target="+uri)
		g.Expect(r.results).To(HaveLen(16), r.output)
		r.wantOutcomes(t, map[string]report.Outcome{"never-asked": report.Skipped, `Service "cron"`: report.NotTold}, report.Passed)
		g.Expect(r.of(t, `Service "cron"`).Message).To(ContainSubstring(`no init system runs here: PID 1 is "` + first + `"`))
		g.Expect(r.end.Costs[0].Connections).To(Equal(1))
	}
}

func TestContainer_WithoutAShell(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "container", "-hostspec.target="+distroless(t))
	g.Expect(r.results).To(HaveLen(16), r.output)
	want := map[string]report.Outcome{"never-asked": report.Skipped}
	for _, text := range []string{"Port 81", "UnixSocket", "no-such-process", `Command "exit 3"`, "in author code", "by user nobody", `Service "cron"`} {
		want[text] = report.NotTold
		g.Expect(r.of(t, text).Message).To(ContainSubstring("could not tell\n  because  no shell in this container\n"), text)
	}
	last := len(r.results) - 2
	g.Expect(r.results[last].Message).To(ContainSubstring("because  no shell in this container: nothing can be asked as nobody there"), "Package bash, but as nobody")
	r.results = append(r.results[:last], r.results[last+1:]...)
	r.wantOutcomes(t, want, report.Passed)
}

// TestContainer_Sudo is the scenario of sudo over SSH, against a container's account.
func TestContainer_Sudo(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.WriteFile(t, "/tmp/password", []byte("asks:"+canary), 0o600)
	m.Exec(t, `useradd -m asks; chpasswd </tmp/password; rm /tmp/password; echo 'asks ALL=(ALL) ALL' >/etc/sudoers.d/rig`)
	for _, uri := range []string{"docker://asks@" + m.ID + "?sudo=true", "exec:docker exec -i -u asks " + m.ID + "?sudo=true"} {
		r := runScenario(t, "sudo", "-hostspec.target="+uri, "HOSTSPEC_SUDO_PASSWORD="+canary, `SUDO_CANARY='c4nary "p\303\244ss" \\word'`)
		g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
		r.hasNo(t, canary)
		r = runScenario(t, "sudo-negatives", "-hostspec.target="+uri)
		g.Expect(r.results[0].Outcome).To(Equal(report.Unreachable), r.output)
		g.Expect(r.results[0].Message).To(ContainSubstring("asks cannot ask as root by sudo: sudo: a password is required"))
		r.wantOutcomes(t, map[string]report.Outcome{r.results[0].Text: report.Unreachable}, report.Skipped)
	}
}
