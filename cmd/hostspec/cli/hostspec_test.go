package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

func TestMain(m *testing.M) { hostspectest.Main(m) }

// An answer is how a call of hostspec ended.
type answer struct {
	code           int
	stdout, stderr string
}

// last is the last line, wherever it was written.
func last(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// A call is a call of hostspec that is being prepared.
type call struct {
	t       *testing.T
	program string
	dir     string
	env     []string
	args    []string
}

func hostspec(t *testing.T, args ...string) *call {
	return &call{t: t, program: hostspectest.Binary, args: args}
}

func (c *call) of(program string) *call { c.program = program; return c }

func (c *call) in(dir string) *call { c.dir = dir; return c }

func (c *call) with(env ...string) *call { c.env = append(c.env, env...); return c }

// command is the call as a process.
func (c *call) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(hostspectest.Environ(cmd), c.env...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func (c *call) run() answer {
	c.t.Helper()
	cmd := c.command(c.t.Context())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatalf("hostspec %v: %v", c.args, err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// wants checks an answer's exit code and that texts stand in what it printed.
func (a answer) wants(t *testing.T, code int, texts ...string) {
	t.Helper()
	all := a.stdout + a.stderr
	if a.code != code {
		t.Errorf("exit code %d, want %d", a.code, code)
	}
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("does not say %q", text)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", a.stdout, a.stderr)
	}
}

func TestVersion(t *testing.T) {
	a := hostspec(t, "version").run()
	a.wants(t, 0, "hostspec ", "go1.")
	if strings.Count(a.stdout, "\n") != 1 || a.stderr != "" {
		t.Errorf("got %q, %q", a.stdout, a.stderr)
	}
}

func TestHelp(t *testing.T) {
	hostspec(t, "--help").run().wants(t, 0, "run ", "build ", "init ", "version ")
	hostspec(t, "build", "--help").run().wants(t, 0, "--output", "./web-spec -t ssh://web1", "GOARCH")
	hostspec(t, "tdd", "--help").run().wants(t, 0, "--watch", "--on-live-target", "Exit codes", "nothing was tested")
	hostspec(t, "run", "--help").run().wants(t, 0, "--target", "--ssh-config", "Exit codes", "130")
}

// What is wrong with the command line or the variables is told before anything
// is run, with what would be right.
func TestWrongUsage(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "none", "x.xml")
	for name, test := range map[string]struct {
		args, env []string
		says      []string
	}{
		"no command":          {nil, nil, []string{`expected one of "run", `}},
		"unknown command":     {[]string{"rnu"}, nil, []string{`did you mean "run"?`}},
		"unknown flag":        {[]string{"run", "--fokus", "x"}, nil, []string{`unknown flag --fokus, did you mean "--focus"?`}},
		"flags after version": {[]string{"version", "--", "-x"}, nil, []string{"only `hostspec run` takes flags"}},
		"no scheme":           {[]string{"run", "-t", "web1"}, nil, []string{`target "web1"`, "did you mean ssh://web1?"}},
		"no scheme in HOSTSPEC_TARGET": {[]string{"run"}, []string{"HOSTSPEC_TARGET=web1"},
			[]string{"did you mean ssh://web1?"}},
		"empty target":         {[]string{"run", "-t", ""}, nil, []string{`target ""`}},
		"empty snapshot":       {[]string{"snapshot", "-o", filepath.Join(folder, "s"), "-t", ""}, nil, []string{`target ""`}},
		"HOSTSPEC_TARGET":      {[]string{"run"}, []string{"HOSTSPEC_TARGET="}, []string{"HOSTSPEC_TARGET is set, and empty"}},
		"HOSTSPEC_TARGET, tdd": {[]string{"tdd"}, []string{"HOSTSPEC_TARGET="}, []string{"HOSTSPEC_TARGET is set, and empty"}},
		"unknown variable": {[]string{"run"}, []string{"HOSTSPEC_TARGETS=ssh://web1"},
			[]string{`HOSTSPEC_TARGETS is not a variable that hostspec knows; did you mean "HOSTSPEC_TARGET"?`}},
		"unknown variable, diff": {[]string{"diff", "a", "b"}, []string{"HOSTSPEC_SUDO_PASS=geheim"}, []string{"HOSTSPEC_SUDO_PASS is not a variable"}},
		"unknown option":         {[]string{"run", "-t", "ssh://web1?colour=red"}, nil, []string{`unknown option "colour"`, "known: "}},
		"malformed URI":          {[]string{"run", "-t", "ssh://[::1"}, nil, []string{`ssh://[::1`}},
		"target given twice":     {[]string{"run", "-t", "local://", "-t", "local://"}, nil, []string{`target "local://" is given twice`}},
		"HOSTSPEC_SUDO":          {[]string{"run"}, []string{"HOSTSPEC_SUDO=maybe"}, []string{"HOSTSPEC_SUDO=maybe: want true or false"}},
		"--timeout no time":      {[]string{"run", "--timeout", "soon"}, nil, []string{"--timeout"}},
		"--timeout 0s":           {[]string{"run", "--timeout", "0s"}, nil, []string{"--timeout 0s: want a time above zero such as 30s"}},
		"HOSTSPEC_TIMEOUT":       {[]string{"run"}, []string{"HOSTSPEC_TIMEOUT=soon"}, []string{"HOSTSPEC_TIMEOUT=soon: want a time above zero"}},
		"--ssh-config":           {[]string{"run", "--ssh-config", broken}, nil, []string{"--ssh-config " + broken + " cannot be read: no such file"}},
		"HOSTSPEC_SSH_CONFIG": {[]string{"run"}, []string{"HOSTSPEC_SSH_CONFIG=" + broken},
			[]string{"HOSTSPEC_SSH_CONFIG=" + broken + " cannot be read: no such file"}},
		"--focus":            {[]string{"run", "--focus", "["}, nil, []string{"--focus [: ", "missing closing ]"}},
		"--label-filter":     {[]string{"run", "--label-filter", "a &&"}, nil, []string{"--label-filter a &&: "}},
		"-j":                 {[]string{"run", "-j", "0"}, nil, []string{"-j 0: want a number of targets above zero"}},
		"unknown format":     {[]string{"run", "-f", "xml"}, nil, []string{`unknown format "xml"; known: documentation, progress, json, junit`}},
		"no report file":     {[]string{"run", "-f", "junit:"}, nil, []string{"-f junit:: no file after the colon"}},
		"two to terminal":    {[]string{"run", "-f", "json", "-f", "junit:-"}, nil, []string{"-f json and -f junit:- would both write to the terminal", "-f junit:FILE"}},
		"two to one file":    {[]string{"run", "-f", "json:x", "-f", "junit:./x"}, nil, []string{"-f json:x and -f junit:./x would write to the same file"}},
		"report is a folder": {[]string{"run", "-f", "junit:" + folder, "./testdata/good"}, nil, []string{"-f junit:" + folder + ": cannot be written: it is a folder"}},
		"no such folder for the report": {[]string{"run", "-f", "junit:" + broken, "./testdata/good"}, nil,
			[]string{"-f junit:" + broken + ": cannot be written: folder ", "none: no such file or directory"}},
		"no such folder":  {[]string{"run", "./nosuch/..."}, nil, []string{"no such folder: ./nosuch"}},
		"no such file":    {[]string{"run", "testdata/good/nosuch_test.go:3"}, nil, []string{"no such file: testdata/good/nosuch_test.go"}},
		"not a Go file":   {[]string{"run", "./skeleton/Jenkinsfile.txt"}, nil, []string{"neither a folder nor a Go file"}},
		"no such package": {[]string{"run", "example.com/nosuch"}, nil, []string{"cannot list example.com/nosuch"}},
		"no specs":        {[]string{"run", "./testdata/nospecs"}, nil, []string{"no specs matched ./testdata/nospecs: the tests of ", "do not import github.com/hostspec/hostspec/spec"}},
		"no Go there":     {[]string{"run", "./skeleton"}, nil, []string{"no specs matched ./skeleton", "hostspec init"}},
		"no go command":   {[]string{"run", "./testdata/good"}, []string{"PATH=/nonexistent"}, []string{"compiled by the go command", "PATH"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := hostspec(t, test.args...).with(test.env...).run()
			a.wants(t, 2, test.says...)
			if a.stdout != "" {
				t.Errorf("something was run:\n%s", a.stdout)
			}
		})
	}
}

func TestPasswordInURIIsRefusedAndNotEchoed(t *testing.T) {
	for _, c := range []*call{
		hostspec(t, "run", "-t", "ssh://deploy:h0rse@web1"),
		hostspec(t, "run").with("HOSTSPEC_TARGET=ssh://deploy:h0rse@web1"),
	} {
		a := c.run()
		a.wants(t, 2, "password")
		if strings.Contains(a.stdout+a.stderr, "h0rse") {
			t.Errorf("the password is echoed:\n%s", a.stderr)
		}
	}
}
