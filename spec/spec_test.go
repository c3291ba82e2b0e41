package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/report"
)

func TestRun_Passes(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "passes")
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(r.outcomes()).To(ConsistOf(
		`Package "bash" should be installed: passed`,
		`Package "no-such-package" should not be installed: passed`,
		`Command "exit 3" should exit with 3: passed`,
		`is asked in author code: passed`,
	))
	g.Expect(r.begin.Specs).To(Equal(4))
	g.Expect(r.end).NotTo(BeNil())
	g.Expect(r.called.Target).To(Equal("local://"))
	bash := r.of(t, `Package "bash" should`)
	g.Expect(bash.Containers).To(Equal([]string{"passes"}))
	g.Expect(bash.Location.File).To(HaveSuffix("scenarios_test.go"))
	g.Expect(line(t, bash.Location)).To(ContainSubstring(`Package("bash").Should(BeInstalled())`))
	g.Expect(bash.Evidence).To(HaveLen(1))
	g.Expect(bash.Evidence[0].Found).To(ContainSubstring("(dpkg)"))
}

// line is the text of a source line.
func line(t *testing.T, l report.Location) string {
	t.Helper()
	b, err := os.ReadFile(l.File)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")[l.Line-1]
}

func TestRun_FailuresNameTheAuthorsLine(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "fails")
	g.Expect(r.code).To(Equal(1))
	for _, x := range r.results {
		g.Expect(x.Outcome).To(Equal(report.Failed), x.Text)
		g.Expect(x.FailedAt.File).To(HaveSuffix("scenarios_test.go"))
		g.Expect(line(t, *x.FailedAt)).To(ContainSubstring("Should"), x.Text)
	}
	g.Expect(r.results).To(HaveLen(4))
	g.Expect(r.of(t, `"bash" should not be installed`).Message).To(MatchRegexp(
		`^Package "bash" should not be installed\n  found    \S+ \(dpkg\)\n  target   local://\n  asked    read /var/lib/dpkg/status +\d+ ms$`))
	plain := runPlain(t, "fails")
	g.Expect(plain.code).To(Equal(1))
	g.Expect(plain.output).NotTo(ContainSubstring("console.go"))
	for _, x := range r.results {
		where := fmt.Sprintf("%s:%d", x.FailedAt.File, x.FailedAt.Line)
		g.Expect(plain.output).To(ContainSubstring("In [It] at: "+where+" "), "in the failure")
		g.Expect(plain.output).To(MatchRegexp(`\[FAIL\] .*\n  `+regexp.QuoteMeta(where)+`\n`), "in the summary")
	}
}

func TestRun_GinkgoReportsCarryTheAuthorsLine(t *testing.T) {
	g := NewWithT(t)
	junit := filepath.Join(t.TempDir(), "junit.xml")
	r := runPlain(t, "fails", "-ginkgo.junit-report="+junit)
	g.Expect(r.code).To(Equal(1))
	xml, err := os.ReadFile(junit)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(xml)).To(MatchRegexp(`Enter \[It\] Package &#34;bash&#34; should not be installed - \S+scenarios_test.go:\d+`))
}

func TestOneLiners_TopLevel(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "toplevel")
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(r.results).To(HaveLen(3))
}

func TestOneLiners_OutsideRunAreNoSilentPass(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "outside")
	g.Expect(r.code).NotTo(Equal(0))
	g.Expect(r.output).To(ContainSubstring("this one-liner can never run"))
	g.Expect(r.output).To(ContainSubstring("gomega.NewWithT(t)"))
	g.Expect(r.output).To(ContainSubstring("scenarios_test.go"))
}

func TestCommands_RunOnceForEachShould(t *testing.T) {
	g := NewWithT(t)
	counter := filepath.Join(t.TempDir(), "counter")
	r := runScenario(t, "command", "COUNTER="+counter)
	g.Expect(r.of(t, "should exit with 0").Outcome).To(Equal(report.Passed), r.output)
	g.Expect(r.of(t, `containing "run"`).Outcome).To(Equal(report.Passed))
	g.Expect(r.of(t, `containing "wrong"`).Outcome).To(Equal(report.Failed))
	g.Expect(r.of(t, `containing "absent"`).Outcome).To(Equal(report.Failed))
	g.Expect(r.of(t, "shares a value").Outcome).To(Equal(report.Passed))
	g.Expect(r.of(t, "runs again for Eventually").Outcome).To(Equal(report.Passed))
	b, err := os.ReadFile(counter)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.Count(string(b), "run")).To(Equal(5), "one for the one-liners, one for the spec, three for Eventually")
}

func TestCommands_NeverRunForNothing(t *testing.T) {
	g := NewWithT(t)
	counter := filepath.Join(t.TempDir(), "counter")
	r := runScenario(t, "command-filtered", "COUNTER="+counter, "-ginkgo.skip=Command")
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(counter).NotTo(BeAnExistingFile())
	r = runScenario(t, "command-filtered", "COUNTER="+counter)
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(counter).To(BeAnExistingFile())
}

func TestFacts_AreStaleAfterWhateverMayHaveChangedThem(t *testing.T) {
	for name, target := range bothTargets(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := runScenario(t, "stale", "COUNTER="+filepath.Join(t.TempDir(), "file"), "-hostspec.target="+target)
			g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
			g.Expect(r.results).To(HaveLen(6))
		})
	}
}

// bothTargets is this machine, directly and over ssh.
func bothTargets(t *testing.T) map[string]string {
	return map[string]string{"local": "local://", "ssh": rig.StartSSHD(t).URI("root")}
}

func TestBatch_HundredOneLinersAreOneConnectionAndTwoExchanges(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	r := runScenario(t, "hundred", "-hostspec.target="+sshd.URI("root"))
	g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
	g.Expect(sshd.Connections()).To(Equal(1))
	g.Expect(sshd.Sessions()).To(BeNumerically("<=", 2), "the shell, and a channel that is opened ahead for commands")
	g.Expect(r.end.Costs).To(HaveLen(1))
	g.Expect(r.end.Costs[0].Exchanges).To(BeNumerically("<=", 3))
}

func TestBatch_WhatFiltersExcludeIsNotAsked(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "labels", "-ginkgo.label-filter=!slow")
	g.Expect(r.of(t, "dash").Outcome).To(Equal(report.Passed))
	g.Expect(r.of(t, "bash").Outcome).To(Equal(report.Skipped))
	g.Expect(r.begin.Specs).To(Equal(1))
	r = runScenario(t, "labels", "-ginkgo.label-filter=suite-label && slow")
	g.Expect(r.of(t, "bash").Outcome).To(Equal(report.Passed))
}

func TestBatch_BeforeEachAsksForEachSpecAlone(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "before-each", "-hostspec.target="+rig.StartSSHD(t).URI("root"))
	g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
	// The greeting, one batch for all, and then one for each spec.
	g.Expect(r.end.Costs[0].Exchanges).To(Equal(11))
}

func TestOn_AsksTheOtherTarget(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	r := runScenario(t, "on", "OTHER="+sshd.URI("root"))
	g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
	g.Expect(r.results).To(HaveLen(4))
	g.Expect(r.of(t, "asks there").Target).To(HavePrefix("ssh://root@127.0.0.1"))
	g.Expect(r.of(t, "asks here").Target).To(Equal("local://"))
}

func TestOn_AWordThatIsNoTarget(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "bad-on")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(MatchRegexp(`scenarios_test.go:\d+: On: target "web1": it has no scheme; did you mean ssh://web1\?`))
}

func TestOnlyOn(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "only-on")
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(r.outcomes()).To(Equal([]string{
		`Package "bash" should be installed: passed`,
		`Package "never-asked" should be installed: skipped`,
		`is skipped: skipped`,
		`Package "bash" should be installed: skipped`,
		`Package "bash" should be installed: passed`,
	}))
	g.Expect(r.results[3].Message).To(MatchRegexp(`^only on alpine; local:// is Debian`))
	for variable, want := range map[string]string{
		"debian >> 12": `"debian >> 12"`,
		"debain":       `no system is known by the ID "debain"; did you mean "debian"?`,
		"alpine, rehl": `no system is known by the ID "rehl"; did you mean "rhel"?`,
		"suse >= 15":   `"suse" is a family`,
	} {
		bad := runScenario(t, "bad-only-on", "SYSTEMS="+variable)
		g.Expect(bad.code).To(Equal(1))
		g.Expect(bad.refused).To(MatchRegexp(`scenarios_test.go:\d+: OnlyOn: `))
		g.Expect(bad.refused).To(ContainSubstring(want))
		g.Expect(bad.results).To(BeEmpty())
	}
}

// TestOnlyOn_ASystemWithoutAVersion stands for Debian's testing and sid.
func TestOnlyOn_ASystemWithoutAVersion(t *testing.T) {
	rig.NotQuick(t)
	g := NewWithT(t)
	osRelease := filepath.Join(t.TempDir(), "os-release")
	g.Expect(os.WriteFile(osRelease, []byte("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\n"), 0o644)).To(Succeed())
	enter := `exec:unshare -m sh -c 'mount --bind ` + osRelease + ` /etc/os-release && exec "$@"' sh`
	r := runScenario(t, "only-on", "-hostspec.target="+enter)
	g.Expect(r.outcomes()).To(Equal([]string{
		`Package "bash" should be installed: could not tell`,
		`Package "never-asked" should be installed: could not tell`,
		`is skipped: could not tell`,
		`Package "bash" should be installed: skipped`,
		`Package "bash" should be installed: passed`,
	}), r.output)
	g.Expect(r.results[0].Message).To(ContainSubstring("its os-release has no VERSION_ID"))
}

func TestRun_TargetFromVariables(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "passes")
	g.Expect(r.code).To(Equal(0), r.output)
	g.Expect(r.output).To(ContainSubstring(`hostspec: "scenario" runs against local://`))
	for setting, want := range map[string]string{
		"HOSTSPEC_TARGET=":             "HOSTSPEC_TARGET is set, and empty",
		"-hostspec.target=":            "-hostspec.target is empty",
		"HOSTSPEC_TARGETS=ssh://web1":  `HOSTSPEC_TARGETS is not a variable that hostspec knows; did you mean "HOSTSPEC_TARGET"?`,
		"HOSTSPEC_SUDO_PASWORD=geheim": `did you mean "HOSTSPEC_SUDO_PASSWORD"?`,
	} {
		for _, how := range []func(*testing.T, string, ...string) run{runPlain, runScenario} {
			r := how(t, "passes", setting)
			g.Expect(r.code).To(Equal(1), setting)
			g.Expect(r.output).To(ContainSubstring(want))
			g.Expect(r.output).NotTo(ContainSubstring("geheim"))
			g.Expect(r.results).To(BeEmpty())
		}
	}
	r = runScenario(t, "passes", "HOSTSPEC_TARGET=", "-hostspec.target=local://")
	g.Expect(r.code).To(Equal(0), r.output)
}

func TestUnreachable_FirstFailsOthersAreSkipped(t *testing.T) {
	for _, name := range []string{"unreachable", "unreachable-author"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := runScenario(t, name, "-hostspec.target=ssh://root@127.0.0.1:1?ssh_config=none&connect_timeout=5s")
			g.Expect(r.results).To(HaveLen(3), r.output)
			g.Expect(r.results[0].Outcome).To(Equal(report.Unreachable))
			g.Expect(r.results[0].Message).To(ContainSubstring("refused"))
			for _, x := range r.results[1:] {
				g.Expect(x.Outcome).To(Equal(report.Skipped), x.Text)
				g.Expect(x.Message).To(MatchRegexp(`^ssh://root@127.0.0.1:1 UNREACHABLE, see .+`))
			}
		})
	}
}

func TestUnknown_FailsBothWays(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "unknown")
	g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": could not tell")), r.output)
	g.Expect(r.results).To(HaveLen(3))
	g.Expect(r.results[0].Message).To(ContainSubstring(`it did not end within 300ms and was killed`))
}

// An answer of which a matcher makes nothing is not a wrong one.
func TestUnknown_ForTheMatcher(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "unfit")
	g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": could not tell")), r.output)
	g.Expect(r.results).To(HaveLen(2))
	g.Expect(r.results[0].Message).To(And(ContainSubstring(`Package "bash"`), ContainSubstring("could not tell"), ContainSubstring("Expected a number"), ContainSubstring("asked ")))
}

// The error of a property says the fact once, whoever prints it, and no struct.
func TestProperty_FailsWithTheFactOnce(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "missing")
	texts := []string{r.of(t, "is missed in author code").Message, r.of(t, "is an error in author code").Message}
	_, plain, _ := strings.Cut(runPlain(t, "missing", "-test.run=TestMissing").output, "\n")
	for _, text := range append(texts, plain) {
		g.Expect(strings.Count(text, "does not exist")).To(Equal(1), text)
		g.Expect(text).To(And(ContainSubstring("target   local://"), Not(ContainSubstring("{")), Not(ContainSubstring("Err:"))))
	}
	g.Expect(texts[0]).To(HavePrefix("of this file\nFile \"/nonexistent/file\": it does not exist\n  target   local://"))
}

func TestSecret_IsMasked(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "secret")
	for _, x := range r.results {
		g.Expect(x.Outcome).To(Equal(report.Failed))
		for _, text := range []string{x.Text, x.Message, x.Output} {
			g.Expect(text).NotTo(ContainSubstring("s3cr3t"))
		}
		for _, e := range x.Evidence {
			g.Expect(e.Text("")).NotTo(ContainSubstring("s3cr3t"))
		}
	}
	g.Expect(r.of(t, "prints it").Message).To(ContainSubstring("***"))
	g.Expect(r.output).NotTo(ContainSubstring("s3cr3t"))
}

// What Ginkgo reports by itself is masked, too.
func TestSecret_IsMaskedInGinkgosOwnReports(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	var flags []string
	for _, name := range []string{"json", "junit", "teamcity", "gojson"} {
		flags = append(flags, "-ginkgo."+name+"-report="+filepath.Join(folder, name))
	}
	r := runPlain(t, "secret", flags...)
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).NotTo(ContainSubstring("s3cr3t"))
	for _, name := range []string{"json", "junit", "teamcity", "gojson"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(text)).To(ContainSubstring("prints it"), name)
		g.Expect(string(text)).NotTo(ContainSubstring("s3cr3t"), name)
		g.Expect(string(text)).To(ContainSubstring("***"), name)
		g.Expect(string(text)).NotTo(ContainSubstring(`"FileName":"`+mustGetwd(t)+`/console.go","LineNumber"`), name)
	}
}

func TestSecret_IsMaskedWhereGinkgoWriterIsStreamed(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "secret", "-ginkgo.vv")
	g.Expect(r.output).To(ContainSubstring("token is ***"))
	g.Expect(r.output).NotTo(ContainSubstring("s3cr3t"))
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun_NothingTestedIsNotGreen(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "skipped")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(ContainSubstring("nothing was tested"))
	r = runPlain(t, "no such scenario")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(ContainSubstring("nothing was tested: \"scenario\" has no specs"))
	g.Expect(runScenario(t, "no such scenario").end).NotTo(BeNil())
	r = runPlain(t, "passes", "-ginkgo.focus=matches nothing")
	g.Expect(r.code).To(Equal(0))
	g.Expect(r.output).To(ContainSubstring("the filters left none of its 4 specs"))
}

func TestRun_AnAuthorsPanicIsAFailure(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "panics")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.of(t, "panics").Outcome).To(Equal(report.Failed))
	g.Expect(r.of(t, "panics").Message).To(ContainSubstring("oh no"))
	g.Expect(line(t, *r.of(t, "panics").FailedAt)).To(ContainSubstring(`panic("oh no")`))
	g.Expect(r.of(t, "bash").Outcome).To(Equal(report.Passed))
}

func TestRun_WrongTarget(t *testing.T) {
	for text, want := range map[string]string{
		"web1":                       "did you mean ssh://web1?",
		"gopher://web1":              `unknown scheme "gopher"`,
		"ssh://root@web1?sudo=maybe": "option sudo=maybe: want true or false",
		"ssh://root@web1?colour=red": `unknown option "colour"`,
		"ssh://root:geheim@web1":     "password",
	} {
		g := NewWithT(t)
		r := runPlain(t, "passes", "-hostspec.target="+text)
		g.Expect(r.code).To(Equal(1), text)
		g.Expect(r.output).To(ContainSubstring(want))
		g.Expect(r.output).NotTo(ContainSubstring("geheim"))
		g.Expect(r.output).NotTo(ContainSubstring("Running Suite"))
	}
}

// TestRun_EndsBeforeGoTestKillsIt lets a suite hang: Ginkgo is to have time for its
// report before `go test -timeout` ends the process, and nothing may stay behind.
func TestRun_EndsBeforeGoTestKillsIt(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	r := runScenario(t, "hangs", "-test.timeout=20s", "-hostspec.target="+sshd.URI("root"))
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).NotTo(ContainSubstring("panic: test timed out"))
	g.Expect(r.end).NotTo(BeNil(), r.output)
	g.Expect(r.of(t, "hangs").Outcome).To(Equal(report.Failed))
}

func TestRun_AFocusInTheCodeIsTold(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "focused")
	g.Expect(r.code).To(Equal(197), "Ginkgo's exit code for it")
	g.Expect(r.end.Focused).To(BeTrue())
	g.Expect(r.of(t, "is focused").Outcome).To(Equal(report.Passed))
	g.Expect(r.of(t, "bash").Outcome).To(Equal(report.Skipped))
}

func TestRun_WrongTimeout(t *testing.T) {
	g := NewWithT(t)
	r := runPlain(t, "passes", "HOSTSPEC_TIMEOUT=soon")
	g.Expect(r.code).To(Equal(1))
	g.Expect(r.output).To(ContainSubstring("HOSTSPEC_TIMEOUT=soon: want a time above zero such as 30s or 2m"))
}

func TestAmbient_BeforeAllTablesGoroutinesCleanup(t *testing.T) {
	for name, target := range bothTargets(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := runScenario(t, "setup", "-hostspec.target="+target)
			g.Expect(r.outcomes()).To(HaveEach(HaveSuffix(": passed")), r.output)
			g.Expect(r.results).To(HaveLen(3))
		})
	}
}

// TestRun_EndsThoughSomethingStillAsks runs more than once, since only some of the
// runs met a question at the wrong moment.
func TestRun_EndsThoughSomethingStillAsks(t *testing.T) {
	g := NewWithT(t)
	for range 3 {
		r := runScenario(t, "still-asks", "-test.timeout=2m")
		g.Expect(r.output).NotTo(ContainSubstring("panic: test timed out"))
		g.Expect(r.of(t, "starts what never stops").Outcome).To(Equal(report.Passed), r.output)
		g.Expect(r.end).NotTo(BeNil(), r.output)
	}
}
