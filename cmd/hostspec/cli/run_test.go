package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// What each package of testdata comes to: the exit code, the last line, and what
// is said.
func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		last string
		says []string
	}{
		"good": {0, "3 specs: 3 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"good on local://\n  this machine\n    ✓ Command \"echo hello\" should exit with 0\n"}},
		"wrong": {1, "5 specs: 1 passed, 2 failed, 0 could not tell, 2 skipped", []string{
			"✗ writes down what it does (see 2)",
			"FAILED: this machine Command \"exit 3\" should exit with 0\n     on local://, testdata/wrong/wrong_test.go:16\n",
			"testdata/wrong/wrong_test.go:18, failed at testdata/wrong/wrong_test.go:20",
			"found    exit 3", "about to fail", "is skipped (skipped: not on Sundays)", "is not written yet (pending)"}},
		"untold": {3, "3 specs: 1 passed, 0 failed, 2 could not tell, 0 skipped",
			[]string{"? Command \"sleep 60\" should exit with 0 (could not tell)", "did not end within 5s"}},
		"nothing": {4, "2 specs: 0 passed, 0 failed, 0 could not tell, 2 skipped",
			[]string{"nothing was tested: none of the 2 specs was run"}},
		"on": {3, "3 specs: 1 passed, 0 failed, 1 could not tell, 1 skipped",
			[]string{"(UNREACHABLE)", "connection refused", "holds (skipped: ssh://nobody@127.0.0.1:1 UNREACHABLE, see "}},
		"focus": {1, "2 specs: 1 passed, 0 failed, 0 could not tell, 1 skipped",
			[]string{"a focus is left in the code (FIt, FDescribe, Focus): other specs did not run"}},
		"suite": {1, "0 specs: 0 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"FAILED: [BeforeSuite]", "cannot prepare"}},
		"beside": {1, "1 spec: 1 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"all its specs held, yet the test binary failed: exit status 1", "the other test is not well"}},
		"crash": {1, "1 spec: 1 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"the test binary ended in the middle, after 1 of 3 specs: exit status 3", "last words"}},
		"paniced": {1, "1 spec: 0 passed, 1 failed, 0 could not tell, 0 skipped",
			[]string{"FAILED: panics", "index out of range", "paniced_test.go:15", "paniced_test.deep("}},
		"norun": {2, "0 specs: 0 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"no test calls Run\n     add: func TestSpecs(t *testing.T) { Run(t, \"specs\") }"}},
		"panics": {2, "0 specs: 0 passed, 0 failed, 0 could not tell, 0 skipped",
			[]string{"its specs could not be declared", "index out of range [0] with length 0", "panics_test.go:13"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := "10m"
			if name == "untold" {
				timeout = "5s"
			}
			a := hostspec(t, "run", "--timeout", timeout, "./testdata/"+name).run()
			a.wants(t, test.code, test.says...)
			if got := last(a.stdout); got != test.last {
				t.Errorf("last line\n%s\nwant\n%s", got, test.last)
			}
			if strings.Contains(a.stdout+a.stderr, "\x1b") || strings.Contains(a.stdout, `\x1b`) {
				t.Error("colour that nobody sees")
			}
		})
	}
}

// Specs that do not compile are told in the compiler's own words, and nothing is
// run, of other packages neither.
func TestSpecsThatDoNotCompile(t *testing.T) {
	a := hostspec(t, "run", "./testdata/good", "./testdata/broken").run()
	a.wants(t, 2, "testdata/broken/broken_test.go:11:9: undefined: Pakcage", "testdata/broken do not compile; nothing was run")
	b := hostspec(t, "run", "./testdata/syntax", "./testdata/broken").run()
	b.wants(t, 2, "testdata/syntax/syntax_test.go:9:43: ", "undefined: Pakcage", "the specs of 2 packages do not compile")
	if a.stdout+b.stdout != "" {
		t.Errorf("something was run:\n%s%s", a.stdout, b.stdout)
	}
}

// The first code that applies counts, whatever the order of packages.
func TestExitCodesOfSeveralPackages(t *testing.T) {
	for _, test := range []struct {
		code     int
		packages []string
	}{
		{0, []string{"good", "nothing"}},
		{3, []string{"good", "untold", "nothing"}},
		{1, []string{"untold", "wrong", "good"}},
		{2, []string{"wrong", "norun", "good"}},
	} {
		args := []string{"run", "--timeout", "5s", "-f", "progress"}
		for _, p := range test.packages {
			args = append(args, "./testdata/"+p)
		}
		hostspec(t, args...).run().wants(t, test.code)
	}
}

func TestFilters(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		last string
		says string
	}{
		"focus":         {[]string{"--focus", "counts", "./testdata/good"}, 0, "3 specs: 1 passed, 0 failed, 0 could not tell, 2 skipped", "✓ counts"},
		"several":       {[]string{"--focus", "counts", "--focus", "hello.*exit", "./testdata/good"}, 0, "3 specs: 2 passed, 0 failed, 0 could not tell, 1 skipped", "✓ counts"},
		"labels":        {[]string{"--label-filter", "smoke && !slow", "./testdata/good"}, 0, "3 specs: 1 passed, 0 failed, 0 could not tell, 2 skipped", "✓ counts"},
		"nothing left":  {[]string{"--focus", "no such spec", "./testdata/good"}, 4, "3 specs: 0 passed, 0 failed, 0 could not tell, 3 skipped", "nothing was tested"},
		"line of an It": {[]string{"testdata/good/good_test.go:18"}, 0, "3 specs: 1 passed, 0 failed, 0 could not tell, 2 skipped", "✓ counts"},
		"line of a one-liner": {[]string{"testdata/good/good_test.go:16"}, 0, "3 specs: 2 passed, 0 failed, 0 could not tell, 1 skipped",
			"✓ Command \"echo hello\" should exit with 0"},
		"file":                {[]string{"testdata/good/good_test.go"}, 0, "3 specs: 3 passed, 0 failed, 0 could not tell, 0 skipped", "✓ counts"},
		"line and whole":      {[]string{"testdata/good/good_test.go:18", "./testdata/good"}, 0, "3 specs: 3 passed, 0 failed, 0 could not tell, 0 skipped", "✓ counts"},
		"line without a spec": {[]string{"testdata/good/good_test.go:1"}, 4, "3 specs: 0 passed, 0 failed, 0 could not tell, 3 skipped", "nothing was tested"},
		"without ./":          {[]string{"--focus", "counts", "testdata/good"}, 0, "3 specs: 1 passed, 0 failed, 0 could not tell, 2 skipped", "✓ counts"},
		"dry run":             {[]string{"./testdata/wrong", "--", "-ginkgo.dry-run"}, 4, "5 specs: 0 passed, 0 failed, 0 could not tell, 5 skipped", "- writes down what it does (would run)\n"},
		"of the binary":       {[]string{"./testdata/good", "--", "-ginkgo.skip=counts"}, 0, "3 specs: 2 passed, 0 failed, 0 could not tell, 1 skipped", "✓ Command"},
	} {
		t.Run(name, func(t *testing.T) {
			a := hostspec(t, append([]string{"run"}, test.args...)...).run()
			a.wants(t, test.code, test.says)
			if got := last(a.stdout); got != test.last {
				t.Errorf("last line\n%s\nwant\n%s", got, test.last)
			}
		})
	}
}

func TestUnknownFlagOfTheBinary(t *testing.T) {
	a := hostspec(t, "run", "./testdata/good", "--", "-no-such-flag").run()
	a.wants(t, 2, "the test binary does not take these flags: flag provided but not defined: -no-such-flag")
	hostspec(t, "run", "./testdata/good", "--", "-ginkgo.seed=x").run().wants(t, 2, `invalid value "x" for flag -ginkgo.seed`)
}

// An author's mistake is one mistake, however many targets there are.
func TestAMistakeIsToldOnce(t *testing.T) {
	a := hostspec(t, "run", "-t", "local://", "-t", "exec:env", "-t", "exec:nice", "./testdata/mistake").run()
	a.wants(t, 2, "mistake_test.go:14: Port 70000: 70000 is not a port: they go from 1 to 65535",
		"3 targets, 0 specs: 0 passed, 0 failed, 0 could not tell, 0 skipped")
	if n := strings.Count(a.stdout+a.stderr, "70000 is not a port"); n != 1 {
		t.Errorf("it is told %d times:\n%s%s", n, a.stdout, a.stderr)
	}
}

// Several real targets: this machine, one over SSH, and one that is not there.
func TestSeveralTargets(t *testing.T) {
	sshd := rig.StartSSHD(t)
	uri := sshd.URI("root")
	shown, _, _ := strings.Cut(uri, "?")
	folder := t.TempDir()
	junit, doc := filepath.Join(folder, "junit.xml"), filepath.Join(folder, "doc.json")
	a := hostspec(t, "run", "-t", "local://", "-t", uri, "-t", "ssh://nobody@127.0.0.1:1",
		"-f", "documentation", "-f", "junit:"+junit, "-f", "json:"+doc, "./testdata/good").run()
	a.wants(t, 3, "good on local://\n", "good on "+shown+"\n", "good on ssh://nobody@127.0.0.1:1\n", "UNREACHABLE", "connection refused")
	if got, want := last(a.stdout), "3 targets, 9 specs: 6 passed, 0 failed, 1 could not tell, 2 skipped"; got != want {
		t.Errorf("last line\n%s\nwant\n%s", got, want)
	}
	text, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`hostname="local://"`, `hostname="` + shown + `"`, `hostname="ssh://nobody@127.0.0.1:1"`, `name="good on local://"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if out, err := exec.Command("xmllint", "--noout", "--schema", "../../../spec/report/testdata/junit-10.xsd", junit).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	var parsed struct {
		Specs   []struct{ Target, Outcome string }
		Summary map[string]any
	}
	if text, err = os.ReadFile(doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &parsed); err != nil || len(parsed.Specs) != 9 || parsed.Summary["targets"] != 3.0 {
		t.Errorf("%v in\n%s", err, text)
	}
	if sshd.Connections() != 1 {
		t.Errorf("%d connections for one package", sshd.Connections())
	}
}

// A block that names its own target is not about the targets of the run.
func TestOnRunsOnceWithSeveralTargets(t *testing.T) {
	sshd := rig.StartSSHD(t)
	a := hostspec(t, "run", "-t", "local://", "-t", sshd.URI("root"), "./testdata/on").run()
	a.wants(t, 3)
	if got, want := last(a.stdout), "2 targets, 4 specs: 2 passed, 0 failed, 1 could not tell, 1 skipped"; got != want {
		t.Errorf("last line\n%s\nwant\n%s", got, want)
	}
}

// The files that a target names are those of the folder one stands in, though
// specs run in their own.
func TestRelativeFilesOfATarget(t *testing.T) {
	sshd := rig.StartSSHD(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	identity, err := filepath.Rel(here, sshd.Identity)
	if err != nil {
		t.Fatal(err)
	}
	known, err := filepath.Rel(here, sshd.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	uri := "ssh://root@" + sshd.Addr + "?known_hosts=" + known + "&identity=" + identity
	hostspec(t, "run", "-t", uri, "./testdata/good").run().wants(t, 0, "good on ssh://root@"+sshd.Addr+"\n")
}

func TestTargetAndTimeoutByVariable(t *testing.T) {
	a := hostspec(t, "run", "./testdata/good").with("HOSTSPEC_TARGET=ssh://nobody@127.0.0.1:1").run()
	a.wants(t, 3, "good on ssh://nobody@127.0.0.1:1", "UNREACHABLE")
	hostspec(t, "run", "./testdata/untold").with("HOSTSPEC_TIMEOUT=3s").run().wants(t, 3, "did not end within 3s")
}

func TestVerboseShowsWhatTheBinariesPrint(t *testing.T) {
	hostspec(t, "run", "-v", "./testdata/good").run().wants(t, 0, "testdata/good on local:// | ", "| Running Suite: good")
}
