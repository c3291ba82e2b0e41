package cli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// build builds a program of packages of testdata.
func build(t *testing.T, packages ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "web-spec")
	a := hostspec(t, append([]string{"build", "-o", name}, packages...)...).run()
	a.wants(t, 0)
	if a.stdout+a.stderr != "" {
		t.Errorf("it says\n%s%s", a.stdout, a.stderr)
	}
	return name
}

// runBuilt runs a built program in an empty folder, with an empty folder for
// temporary files and no Go, and checks that it leaves nothing in either.
func runBuilt(t *testing.T, name string, change func(*exec.Cmd), args ...string) answer {
	t.Helper()
	cmd := hostspec(t, args...).in(t.TempDir()).with("PATH=/usr/bin:/bin", "TMPDIR="+t.TempDir()).command(t.Context())
	tmp := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR=")
	cmd.Path, cmd.Args[0] = name, name
	if change != nil {
		change(cmd)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	for _, dir := range []string{cmd.Dir, tmp} {
		if dir == "/" {
			continue
		}
		if left := tree(t, dir); len(left) > 0 {
			t.Errorf("%v are left behind", left)
		}
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// A built program comes to what hostspec run comes to, and says the same, at the
// same places.
func TestBuiltProgramIsHostspecRun(t *testing.T) {
	name := build(t, "./testdata/good", "./testdata/wrong", "./testdata/data")
	a := runBuilt(t, name, nil, "-f", "documentation")
	a.wants(t, 1, "good on local://\n", "✓ counts", "✓ reads what lies beside it",
		"     on local://, testdata/wrong/wrong_test.go:16\n", "testdata/wrong/wrong_test.go:18, failed at testdata/wrong/wrong_test.go:20")
	b := hostspec(t, "run", "./testdata/good", "./testdata/wrong", "./testdata/data").run()
	if last(a.stdout) != last(b.stdout) || a.code != b.code {
		t.Errorf("built: exit code %d, %s\nrun:   exit code %d, %s", a.code, last(a.stdout), b.code, last(b.stdout))
	}
	for _, test := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--focus", "counts"}, 0, []string{"9 specs: 1 passed"}},
		{[]string{"--label-filter", "smoke"}, 0, []string{"9 specs: 1 passed"}},
		{[]string{"--focus", "no such spec"}, 4, []string{"nothing was tested"}},
		{[]string{"--", "-ginkgo.focus=counts"}, 0, []string{"9 specs: 1 passed"}},
		{[]string{"--help"}, 0, []string{"Usage: web-spec [flags]\n", "--target", "--focus", "Exit codes", "Runs the specs of github.com/hostspec/hostspec/cmd/hostspec/cli/testdata/good"}},
		{[]string{"--version"}, 0, []string{"web-spec: specs of ", "testdata/wrong", "hostspec "}},
		{[]string{"--fokus", "x"}, 2, []string{`web-spec: unknown flag --fokus, did you mean "--focus"?`, "run `web-spec --help`"}},
		{[]string{"./testdata/good"}, 2, []string{"web-spec: unexpected argument ./testdata/good", "fixed when it was built"}},
		{[]string{"run"}, 2, []string{"unexpected argument run"}},
		{[]string{"-t", "web1"}, 2, []string{"did you mean ssh://web1?"}},
		{[]string{"-j", "0"}, 2, []string{"-j 0: want a number of targets above zero"}},
		{[]string{"-f", "junit:/nosuch/x.xml"}, 2, []string{"-f junit:/nosuch/x.xml: cannot be written"}},
		{[]string{"-t", "ssh://nobody@127.0.0.1:1", "--focus", "hello"}, 3, []string{"UNREACHABLE"}},
	} {
		runBuilt(t, name, nil, test.args...).wants(t, test.code, test.says...)
	}
}

// The gate of a deploy job: several targets, one report, no Go.
func TestBuiltProgramOnSeveralTargets(t *testing.T) {
	sshd := rig.StartSSHD(t)
	uri := sshd.URI("root")
	shown, _, _ := strings.Cut(uri, "?")
	junit := filepath.Join(t.TempDir(), "out.xml")
	a := runBuilt(t, build(t, "./testdata/good"), nil, "-t", uri, "-t", "local://", "-f", "junit:"+junit)
	a.wants(t, 0, "good on local://\n", "good on "+shown+"\n", "✓ counts")
	if got, want := last(a.stdout), "2 targets, 6 specs: 6 passed, 0 failed, 0 could not tell, 0 skipped"; got != want {
		t.Errorf("last line\n%s\nwant\n%s", got, want)
	}
	if out, err := exec.Command("xmllint", "--noout", "--schema", "../../../spec/report/testdata/junit-10.xsd", junit).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// On a machine without Go, on which nothing in the folder for temporary files may
// be executed.
func TestBuiltProgramOnAnotherMachine(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd(), rig.DockerArgs("--tmpfs", "/tmp:noexec"))
	name := build(t, "./testdata/good", "./testdata/data")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m.WriteFile(t, "/opt/web-spec", text, 0o755)
	stdout, stderr, code := m.TryExec(t, "command -v go; cd /opt && ./web-spec; ls /tmp")
	answer{code, stdout, stderr}.wants(t, 0, "✓ counts", "✓ reads what lies beside it")
	if !strings.HasSuffix(stdout, "4 specs: 4 passed, 0 failed, 0 could not tell, 0 skipped\n") {
		t.Errorf("Go is there, or /tmp is not empty:\n%s", stdout)
	}
}

// Where there is nothing at all but the program: no /proc, no shell, no library.
func TestBuiltProgramAlone(t *testing.T) {
	name := build(t, "./testdata/data")
	root := filepath.Dir(name)
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "dev", "null"), "")
	a := runBuilt(t, name, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args[0], cmd.Dir = "/web-spec", "/web-spec", "/"
		cmd.Env = []string{"PATH=/"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	})
	a.wants(t, 0, "✓ reads what lies beside it")
}

func TestBuildOfALine(t *testing.T) {
	a := runBuilt(t, build(t, "testdata/good/good_test.go:18"), nil)
	a.wants(t, 0, "✓ counts")
	if got, want := last(a.stdout), "3 specs: 1 passed, 0 failed, 0 could not tell, 2 skipped"; got != want {
		t.Errorf("last line\n%s\nwant\n%s", got, want)
	}
}

// The program that is there stays whole until the new one takes its name, also
// while it runs.
func TestBuildReplacesTheProgram(t *testing.T) {
	name := build(t, "./testdata/slow")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	running := exec.CommandContext(ctx, name, "--focus", "no such spec")
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	hostspec(t, "build", "-o", name, "./testdata/broken").run().wants(t, 2, "testdata/broken do not compile")
	runBuilt(t, name, nil, "--version").wants(t, 0, "testdata/slow")
	hostspec(t, "build", "-o", name, "./testdata/good").run().wants(t, 0)
	runBuilt(t, name, nil, "--version").wants(t, 0, "testdata/good")
	if err := running.Wait(); err != nil && running.ProcessState.ExitCode() != 4 {
		t.Errorf("the old program was disturbed: %v", err)
	}
	if got := tree(t, filepath.Dir(name)); !slices.Equal(got, []string{"web-spec"}) {
		t.Errorf("got %v", got)
	}
}

func TestBuildRefuses(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out")
	for name, test := range map[string]struct {
		args, env []string
		says      []string
	}{
		"no name":           {[]string{"./testdata/good"}, nil, []string{"missing flags: --output=FILE"}},
		"a folder":          {[]string{"-o", folder, "./testdata/good"}, nil, []string{"-o " + folder + ": cannot be written: it is a folder"}},
		"no such folder":    {[]string{"-o", "nosuch/out", "./testdata/good"}, nil, []string{"-o nosuch/out: cannot be written: folder nosuch: no such file"}},
		"no specs":          {[]string{"-o", out, "./testdata/nospecs"}, nil, []string{"no specs matched ./testdata/nospecs"}},
		"does not compile":  {[]string{"-o", out, "./testdata/broken"}, nil, []string{"undefined: Pakcage", "do not compile"}},
		"flags of binaries": {[]string{"-o", out, "./testdata/good", "--", "-x"}, nil, []string{"only `hostspec run` takes flags"}},
		"another system":    {[]string{"-o", out, "./testdata/good"}, []string{"GOOS=darwin"}, []string{"GOOS=darwin: programs can be built for Linux only"}},
		"no go command":     {[]string{"-o", out, "./testdata/good"}, []string{"PATH=/nonexistent"}, []string{"compiled by the go command"}},
		"not static":        {[]string{"-o", out, "./testdata/good"}, []string{"GOFLAGS=-toolexec=" + dynamicLinker(t)}, []string{"needs libraries", "GOFLAGS"}},
	} {
		t.Run(name, func(t *testing.T) {
			hostspec(t, append([]string{"build"}, test.args...)...).with(test.env...).run().wants(t, 2, test.says...)
			if got := tree(t, folder); !slices.Equal(got, []string{"pipe"}) {
				t.Errorf("something was written: %v", got)
			}
		})
	}
	// Opening a pipe waits for somebody who reads.
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hostspec(t, "build", "-o", pipe, "./testdata/good").run().wants(t, 2, "-o "+pipe+": cannot be written: it is not a regular file")
}

// dynamicLinker is a program for -toolexec that has what the compiler has made linked
// to the libraries of this machine. Its word about the linker's version keeps what it
// makes apart from what the linker makes by itself.
func dynamicLinker(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "dynamic")
	write(t, name, `#!/bin/sh
case "$1 $2" in
*"/link -V=full") printf '%s dynamic\n' "$("$@")" ;;
*/link\ *)
	link=$1
	shift
	exec "$link" -linkmode=external "$@" ;;
*) exec "$@" ;;
esac
`)
	if err := os.Chmod(name, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// A copy that was cut off must not be taken for a program that knows no flags.
func TestBuiltProgramThatIsNotWhole(t *testing.T) {
	name := build(t, "./testdata/good")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o111 == 0 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := os.Truncate(name, info.Size()-100); err != nil {
		t.Fatal(err)
	}
	runBuilt(t, name, nil, "-t", "local://").wants(t, 2, "cannot be read, so it is not whole; copy or build it again")
}

// Both parts of the program are for the kind of machine that was asked for. What they
// are made of has nothing to do with that, so a hostspec of a few lines stands for the
// whole one, for which everything would be compiled once more; that this one compiles
// for such a machine, TestCompilesFor32Bits tells.
func TestBuildForAnotherMachine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                           "module example.com/web\n\ngo 1.26\n\nrequire github.com/hostspec/hostspec v0.0.0\n\nreplace github.com/hostspec/hostspec => ./hostspec\n",
		"web_test.go":                      "package web_test\n\nimport _ \"github.com/hostspec/hostspec/spec\"\n",
		"hostspec/go.mod":                  "module github.com/hostspec/hostspec\n\ngo 1.26\n",
		"hostspec/spec/spec.go":            "package spec\n",
		"hostspec/cmd/hostspec/main.go":    "package main\n\nimport \"github.com/hostspec/hostspec/cmd/hostspec/cli\"\n\nfunc main() { cli.Main() }\n",
		"hostspec/cmd/hostspec/cli/cli.go": "package cli\n\nvar bundled string\n\nfunc Main() { println(bundled) }\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	name := filepath.Join(dir, "web-spec")
	hostspec(t, "build", "-o", name, ".").in(dir).with("GOARCH=386").run().wants(t, 0)
	program, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := zip.NewReader(bytes.NewReader(program), int64(len(program)))
	if err != nil {
		t.Fatal(err)
	}
	specs, err := fs.ReadFile(bundle, "0.test")
	if err != nil {
		t.Fatal(err)
	}
	for part, text := range map[string][]byte{"the program": program, "its specs": specs} {
		f, err := elf.NewFile(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		if f.Machine != elf.EM_386 {
			t.Errorf("%s: for %v", part, f.Machine)
		}
	}
	out, err := exec.CommandContext(t.Context(), name).CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Logf("this kernel does not run it, so only its headers were looked at: %v", err)
	} else if err != nil || !strings.HasPrefix(string(out), "hostspec-bundle-") {
		t.Errorf("%v: %s", err, out)
	}
}

// A module that knows hostspec as a library alone is enough, and stays as it is.
func TestBuildInAModuleWithoutTheTool(t *testing.T) {
	dir := t.TempDir()
	hostspec(t, "init").in(dir).with("GOPROXY=off").run().wants(t, 0)
	for _, args := range [][]string{{"mod", "edit", "-droptool=github.com/hostspec/hostspec/cmd/hostspec"}, {"mod", "tidy", "-e"}} {
		if out, err := goIn(t, dir, args...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	mod, sum := read(t, filepath.Join(dir, "go.mod")), read(t, filepath.Join(dir, "go.sum"))
	if strings.Contains(mod, "alecthomas/kong") {
		t.Fatalf("the module is complete:\n%s", mod)
	}
	hostspec(t, "build", "-o", "web-spec").in(dir).with("GOPROXY=off").run().wants(t, 0)
	if read(t, filepath.Join(dir, "go.mod")) != mod || read(t, filepath.Join(dir, "go.sum")) != sum {
		t.Error("the module has changed")
	}
	runBuilt(t, filepath.Join(dir, "web-spec"), nil).wants(t, 0, "✓ knows its own kernel")
}
