package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	_ "github.com/hostspec/hostspec/backends/ssh"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
)

// open opens a target for the length of a test.
func open(t *testing.T, uri string) *Target {
	t.Helper()
	u, err := backends.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	target := New(u, Options{Timeout: 5 * time.Minute})
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

// words is a kind whose names are scripts: it answers with what they print.
var words = &Kind[string]{
	Name: "word",
	Ask: func(_ System, names []string) ([]Question, error) {
		var b strings.Builder
		for i, n := range names {
			b.WriteString("echo '" + strconv.Itoa(i) + ":'$(" + n + ")\n")
		}
		return []Question{{Names: names, Script: b.String()}}, nil
	},
	Parse: func(_ System, q Question, o Output) (map[string]Answer[string], error) {
		out := map[string]Answer[string]{}
		for i, line := range strings.Split(strings.TrimSpace(string(o.Stdout)), "\n") {
			_, text, _ := strings.Cut(line, ":")
			out[q.Names[i]] = Answer[string]{Fact: text}
		}
		return out, nil
	},
}

// single is a kind that asks each name by a question of its own.
var single = &Kind[string]{
	Name: "single",
	Ask: func(_ System, names []string) ([]Question, error) {
		var out []Question
		for _, n := range names {
			out = append(out, Question{Names: []string{n}, Script: n})
		}
		return out, nil
	},
	Parse: func(_ System, q Question, o Output) (map[string]Answer[string], error) {
		return map[string]Answer[string]{q.Names[0]: {Fact: string(o.Stdout)}}, nil
	},
}

func ask[F any](t *testing.T, target *Target, k *Kind[F], name string, timeout time.Duration) (F, error) {
	t.Helper()
	f, _, err := Ask(t.Context(), View{Target: target, Timeout: timeout}, k, name)
	return f, err
}

func TestTarget_TellsItsSystem(t *testing.T) {
	g := NewWithT(t)
	sys, err := open(t, "local://").System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sys.Kernel).To(Equal("Linux"))
	g.Expect(sys.Family()).To(Equal("debian"))
	g.Expect(sys.UID).To(Equal(os.Getuid()))
	host, err := os.Hostname()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sys.Hostname).To(Equal(host))
}

func TestTarget_TellsItsSystemWithoutAShell(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	here, err := target.System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(target.Stats().Exchanges).To(BeZero())
	asked, err := open(t, rig.StartSSHD(t).URI("root")).System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(here).To(Equal(asked), "as the shell tells it")
}

func TestTarget_AHungNameDoesNotTakeTheOthersWithIt(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	v := View{Target: target, Epoch: 1}
	wants := []Want{words.Of("echo one"), words.Of("sleep 100"), words.Of("echo two"), single.Of("echo three")}
	_, err := target.fetch(t.Context(), Identity{}, wants, 1, 2*minSingleDeadline)
	g.Expect(err).NotTo(HaveOccurred())
	for name, want := range map[string]string{"echo one": "one", "echo two": "two"} {
		got, _, err := Ask(t.Context(), v, words, name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got).To(Equal(want))
	}
	three, _, err := Ask(t.Context(), v, single, "echo three")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(three).To(Equal("three\n"))
	_, _, err = Ask(t.Context(), v, words, "sleep 100")
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(ContainSubstring("no answer within 2s")))
}

func TestTarget_AQuestionThatKillsTheShellIsToldAlone(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	_, err := target.fetch(t.Context(), Identity{}, []Want{single.Of("kill -9 $$"), single.Of("echo next")}, 1, 2*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	v := View{Target: target, Epoch: 1}
	_, _, err = Ask(t.Context(), v, single, "kill -9 $$")
	g.Expect(err).To(MatchError(ContainSubstring("the shell on the target died")))
	next, _, err := Ask(t.Context(), v, single, "echo next")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(next).To(Equal("next\n"))
}

// TestField_ToolMissing is the answer of a tool that is not there: neither yes
// nor no.
func TestField_ToolMissing(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	for script, want := range map[string]string{
		"no-such-tool": "not found on the target",
		"/etc/passwd":  "may not be executed",
		"exit 137":     "killed",
	} {
		_, err := ask(t, target, single, script, 0)
		var unknown *evidence.Unknown
		g.Expect(errors.As(err, &unknown)).To(BeTrue(), script)
		g.Expect(err).To(MatchError(ContainSubstring(want)), script)
		g.Expect(unknown.Evidence.Target).To(Equal("local://"))
	}
}

func TestTarget_AnswerThatIsTooLarge(t *testing.T) {
	g := NewWithT(t)
	_, err := ask(t, open(t, "local://"), single, "head -c 100000000 /dev/zero", time.Minute)
	g.Expect(err).To(MatchError(ContainSubstring("it answered with more than 64 MiB")))
}

// TestField_LostConnection is a host that drops in the middle of a run: one
// reconnect, then could not tell.
func TestField_LostConnection(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	target := open(t, sshd.URI("root"))
	v := View{Target: target}
	one, _, err := Ask(t.Context(), v, single, "echo one")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(one).To(Equal("one\n"))
	sshd.DropConnections()
	two, _, err := Ask(t.Context(), v, single, "echo two")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(two).To(Equal("two\n"))
	g.Expect(target.Stats().Connections).To(Equal(2))
	sshd.Stop()
	_, _, err = Ask(t.Context(), v, single, "echo three")
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(ContainSubstring("the connection was lost and could not be restored")))
	_, _, again := Ask(t.Context(), v, single, "echo four")
	g.Expect(again).To(MatchError(ContainSubstring("could not be restored")), "told at once from now on")
}

func TestTarget_ShellOfTheAccountDoesNotMatter(t *testing.T) {
	sshd := rig.StartSSHD(t)
	for _, shell := range []string{"/bin/bash", "/bin/dash", "/usr/bin/fish", "/bin/tcsh", "/bin/mksh", "/bin/ksh93"} {
		t.Run(filepath.Base(shell), func(t *testing.T) {
			g := NewWithT(t)
			account := rig.NewAccount(t, rig.LoginShell(shell), rig.RC("echo welcome to this machine\n"))
			target := open(t, sshd.URI(account.Name))
			got, err := ask(t, target, single, `printf '%s\n' "it's" '$HOME !x \ "q"'`, 0)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal("it's\n$HOME !x \\ \"q\"\n"))
			out, _, err := target.Run(t.Context(), Identity{}, Script{Text: `echo "$A"; cat; exit 3`, Dir: "/tmp", Env: []string{"A=x y'z"}, Stdin: []byte("in\x00put")})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stdout)).To(Equal("x y'z\nin\x00put"))
			g.Expect(out.Status.Code).To(Equal(3))
		})
	}
}

func TestTarget_AnAccountWithoutAShellIsUnreachable(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t, rig.Config("ForceCommand echo this account is closed; exit 1"))
	_, err := open(t, sshd.URI("root")).System(t.Context())
	var unreachable *backends.UnreachableError
	g.Expect(errors.As(err, &unreachable)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(ContainSubstring("this account is closed")))
}

func TestRun_BackgroundProcesses(t *testing.T) {
	for name, uri := range map[string]string{"local": "local://", "ssh": rig.StartSSHD(t).URI("root")} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			target := open(t, uri)
			// Others may run this test as well. What would wait for a descendant that holds the
			// output open would not end within the timeout of open.
			mark := fmt.Sprintf("%09d", time.Now().Nanosecond())
			out, _, err := target.Run(t.Context(), Identity{}, Script{Text: "sleep 1000." + mark + " & echo $!"})
			g.Expect(err).NotTo(HaveOccurred())
			g.Eventually(func() string { return processes(t, "1000."+mark) }, "1m").ShouldNot(BeEmpty())
			g.Consistently(func() string { return processes(t, "1000."+mark) }, "300ms").ShouldNot(BeEmpty(), "what a command leaves behind is left alone")
			_, _, err = target.Run(t.Context(), Identity{}, Script{Text: "kill " + strings.TrimSpace(string(out.Stdout))})
			g.Expect(err).NotTo(HaveOccurred())
			_, _, err = target.Run(t.Context(), Identity{}, Script{Text: "echo before; sleep 1001." + mark + " & sleep 1001." + mark, Timeout: 5 * time.Second})
			g.Expect(err).To(MatchError(And(ContainSubstring("it did not end within 5s and was killed"), ContainSubstring("before"))))
			g.Eventually(func() string { return processes(t, "1001."+mark) }, "1m").Should(BeEmpty(), "killed on the target")
		})
	}
}

func TestRun_KillsItself(t *testing.T) {
	g := NewWithT(t)
	out, _, err := open(t, "local://").Run(t.Context(), Identity{}, Script{Text: "echo out; kill -9 $$"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.Status.Code).To(Equal(137))
	g.Expect(string(out.Stdout)).To(Equal("out\n"))
}

func TestRun_NoSuchDirectory(t *testing.T) {
	g := NewWithT(t)
	_, _, err := open(t, "local://").Run(t.Context(), Identity{}, Script{Text: "pwd", Dir: "/no/such dir"})
	g.Expect(err).To(MatchError(ErrNoDir))
}

func TestRun_FiftyAtOnce(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	target := open(t, sshd.URI("root"))
	errs := make(chan error, 50)
	for i := range 50 {
		go func() {
			out, _, err := target.Run(context.WithoutCancel(t.Context()), Identity{}, Script{Text: "echo " + strconv.Itoa(i)})
			if err == nil && string(out.Stdout) != strconv.Itoa(i)+"\n" {
				err = errors.New("wrong output " + string(out.Stdout))
			}
			errs <- err
		}()
	}
	for range 50 {
		g.Expect(<-errs).NotTo(HaveOccurred())
	}
	g.Expect(sshd.Connections()).To(Equal(1))
}
