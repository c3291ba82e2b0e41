package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goIn runs the Go command in dir, offline.
func goIn(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tree lists the files below a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What init writes into an empty folder compiles and passes, with hostspec run,
// as a tool of its module, and with plain go test, and without a network where
// the modules were fetched before.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	a := hostspec(t, "init").in(dir).with("GOPROXY=off").run()
	a.wants(t, 0, "wrote spec/suite_test.go", "wrote go.mod", "a development build", "replace", "now try: hostspec run")
	want := []string{"Jenkinsfile", "go.mod", "go.sum", "spec/.gitignore", "spec/first_test.go", "spec/suite_test.go"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	hostspec(t, "run").in(dir).with("GOPROXY=off").run().wants(t, 0, "✓ knows its own kernel", " 0 failed, 0 could not tell, 0 skipped")
	if out, err := goIn(t, dir, "test", "./spec/..."); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
	if out, err := goIn(t, dir, "vet", "./..."); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v\n%s", err, out)
	}
	runsInJenkins(t, dir)
	before := read(t, filepath.Join(dir, "go.mod"))
	again := hostspec(t, "init", dir).run()
	again.wants(t, 2)
	if read(t, filepath.Join(dir, "go.mod")) != before {
		t.Error("go.mod has changed")
	}
}

// runsInJenkins runs the sh step of the Jenkinsfile as Jenkins would, and looks
// whether the report is where its junit step expects it.
func runsInJenkins(t *testing.T, dir string) {
	t.Helper()
	text := read(t, filepath.Join(dir, "Jenkinsfile"))
	_, step, _ := strings.Cut(text, "\n                sh '")
	step, _, ok := strings.Cut(step, "'\n")
	_, results, _ := strings.Cut(text, "junit testResults: '")
	results, _, found := strings.Cut(results, "'")
	if !ok || !found || !strings.HasPrefix(text, "// ") || strings.Count(text, "{") != strings.Count(text, "}") {
		t.Fatalf("the Jenkinsfile is\n%s", text)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", step)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", step, err, out)
	}
	if !strings.Contains(read(t, filepath.Join(dir, results)), "<testsuite ") {
		t.Errorf("no report at %s", results)
	}
	if err := os.Remove(filepath.Join(dir, results)); err != nil {
		t.Error(err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Jenkinsfile"), "mine")
	write(t, filepath.Join(dir, "spec", "suite_test.go"), "package spec_test")
	a := hostspec(t, "init", dir).run()
	a.wants(t, 2, "these files are there already and are not overwritten; nothing was written:\n",
		filepath.Join(dir, "spec", "suite_test.go"), filepath.Join(dir, "Jenkinsfile"))
	if got := tree(t, dir); !slices.Equal(got, []string{"Jenkinsfile", "spec/suite_test.go"}) || read(t, filepath.Join(dir, "Jenkinsfile")) != "mine" {
		t.Errorf("got %v", got)
	}
}

// In a Go repository init asks where the specs' needs are to go.
func TestInitInAGoRepository(t *testing.T) {
	const mod = "module example.com/shop\n\ngo 1.26.0\n"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), mod)
	write(t, filepath.Join(dir, "shop.go"), "package shop\n")
	a := hostspec(t, "init", dir).run()
	a.wants(t, 2, filepath.Join(dir, "go.mod")+" is there already", "require github.com/hostspec/hostspec ", "require github.com/onsi/ginkgo/v2",
		"tool github.com/hostspec/hostspec/cmd/hostspec", "replace github.com/hostspec/hostspec => ", "--module here", "--module nested", "Nothing was written")
	if got := tree(t, dir); !slices.Equal(got, []string{"go.mod", "shop.go"}) || read(t, filepath.Join(dir, "go.mod")) != mod {
		t.Errorf("something was written: %v", got)
	}

	hostspec(t, "init", "--module", "nested", dir).with("GOPROXY=off").run().wants(t, 0, "spec/go.mod")
	if read(t, filepath.Join(dir, "go.mod")) != mod {
		t.Error("the repository's own go.mod has changed")
	}
	// From the top, run finds the module below spec.
	hostspec(t, "run").in(dir).with("GOPROXY=off").run().wants(t, 0, "✓ knows its own kernel")
	runsInJenkins(t, dir)

	here := t.TempDir()
	write(t, filepath.Join(here, "go.mod"), mod)
	hostspec(t, "init", "--module", "here").in(here).with("GOPROXY=off").run().wants(t, 0, "go.mod has a replace")
	if !strings.HasPrefix(read(t, filepath.Join(here, "go.mod")), mod) {
		t.Errorf("go.mod is now\n%s", read(t, filepath.Join(here, "go.mod")))
	}
	if slices.Contains(tree(t, here), "spec/go.mod") {
		t.Error("spec has a go.mod of its own")
	}
	hostspec(t, "run", "-f", "progress").in(here).with("GOPROXY=off").run().wants(t, 0)
}

// A folder of a Git repository: the module is that of the repository.
func TestInitInAFolderOfARepository(t *testing.T) {
	top := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://me:h0rse@git.example.com/org/shop.git"}} {
		if out, err := exec.Command("git", append([]string{"-C", top}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	a := hostspec(t, "init", "deploy/spec").in(top).with("GOPROXY=off").run()
	a.wants(t, 0, "wrote deploy/spec/suite_test.go", "wrote go.mod", "now try: cd deploy && hostspec run")
	if got := read(t, filepath.Join(top, "go.mod")); !strings.HasPrefix(got, "module git.example.com/org/shop\n") {
		t.Errorf("go.mod is\n%s", got)
	}
	hostspec(t, "run", "-f", "progress").in(filepath.Join(top, "deploy")).with("GOPROXY=off").run().wants(t, 0)
	hostspec(t, "run", "-f", "progress", "./deploy/...").in(top).with("GOPROXY=off").run().wants(t, 0)
	runsInJenkins(t, top)
}

func TestInitRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"init", "--module", "elsewhere", dir}, "--module elsewhere: want here or nested"},
		{[]string{"init", "--module", "nested", dir}, "--module nested: there is no go.mod above"},
		{[]string{"init", filepath.Join(dir, "file")}, "is not a folder"},
		{[]string{"init", dir, "more"}, "unexpected argument more"},
	} {
		hostspec(t, test.args...).run().wants(t, 2, test.says)
	}
	write(t, filepath.Join(dir, ".git", "HEAD"), "")
	hostspec(t, "init", filepath.Join(dir, "my app")).run().wants(t, 2, `Go compiles no package in a folder named "my app"`)
}

// Where modules cannot be fetched, init says so in the Go command's words, and
// what to do.
func TestInitWithoutModules(t *testing.T) {
	dir := t.TempDir()
	a := hostspec(t, "init", dir).with("GOPROXY=off", "GOMODCACHE="+t.TempDir(), "GOFLAGS=-modcacherw").run()
	a.wants(t, 2, "the files are written, but their module is not complete", "GOPROXY=off")
}

// A module that a go.work around it does not name stands by itself.
func TestRunBesideAWorkspace(t *testing.T) {
	top := t.TempDir()
	write(t, filepath.Join(top, "go.work"), "go 1.26.0\n\nuse ./other\n")
	write(t, filepath.Join(top, "other", "go.mod"), "module example.com/other\n\ngo 1.26.0\n")
	write(t, filepath.Join(top, "other", "other.go"), "package other\n")
	dir := filepath.Join(top, "deploy")
	hostspec(t, "init", dir).with("GOPROXY=off").run().wants(t, 0, "go work use")
	hostspec(t, "run", "-f", "progress", "deploy/...").in(top).with("GOPROXY=off").run().wants(t, 0)
	hostspec(t, "run", "-f", "progress").in(dir).with("GOPROXY=off").run().wants(t, 0)
}

// A module somewhere below, packages without specs around it, and a broken one
// that is no business of ours.
func TestRunFindsNestedModules(t *testing.T) {
	top := t.TempDir()
	write(t, filepath.Join(top, "go.mod"), "module example.com/shop\n\ngo 1.26.0\n")
	write(t, filepath.Join(top, "shop.go"), "package shop\n")
	write(t, filepath.Join(top, "shop_test.go"), "package shop\n")
	write(t, filepath.Join(top, "broken", "a.go"), "package a\n")
	write(t, filepath.Join(top, "broken", "b.go"), "package b\n")
	write(t, filepath.Join(top, "tools", "go.mod"), "module example.com/tools\n\ngo 1.26.0\n\nrequire example.com/nosuch v1.0.0\n")
	write(t, filepath.Join(top, "tools", "t_test.go"), "package tools\n\nimport _ \"example.com/nosuch\"\n")
	dir := filepath.Join(top, "a", "b")
	write(t, filepath.Join(dir, "go.mod"), "module example.com/shop/a/b\n\ngo 1.26.0\n")
	hostspec(t, "init", "--module", "here", dir).with("GOPROXY=off").run().wants(t, 0)
	a := hostspec(t, "run").in(top).with("GOPROXY=off").run()
	a.wants(t, 0, "✓ knows its own kernel")
	if n := strings.Count(a.stdout, " on local://\n"); n != 1 {
		t.Errorf("%d packages were run", n)
	}
	b := hostspec(t, "run", filepath.Join(dir, "spec", "first_test.go")).in(top).with("GOPROXY=off").run()
	b.wants(t, 0, "✓ knows its own kernel")
	// A package of specs that is broken is our business.
	write(t, filepath.Join(top, "mixed", "a_test.go"), "package a\n\nimport _ \"github.com/hostspec/hostspec/spec\"\n")
	write(t, filepath.Join(top, "mixed", "b.go"), "package b\n")
	c := hostspec(t, "run").in(top).with("GOPROXY=off").run()
	c.wants(t, 2, "found packages")
}

func TestRunOutsideAnyModule(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x_test.go"), "package x\n\nimport _ \"github.com/hostspec/hostspec/spec\"\n")
	hostspec(t, "run").in(dir).run().wants(t, 2, "./... is in no Go module: there is no go.mod in "+dir+" or above; `hostspec init` writes one")
}

// The tool that the module names is this very program, with its exit codes.
func TestGoTool(t *testing.T) {
	dir := t.TempDir()
	hostspec(t, "init", dir).with("GOPROXY=off").run().wants(t, 0)
	cmd := exec.CommandContext(t.Context(), "go", "tool", "hostspec", "run", "--focus", "no such spec")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOPROXY=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != 4 || !strings.Contains(out.String(), "nothing was tested") {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
}
