package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A backend that a package of specs brings serves hostspec run, the variable, and a built
// program alike: which schemes there are, the package knows.
func TestBackendOfThePackage(t *testing.T) {
	const target = "twin://a?of=b"
	held := []string{"own on twin://a\n", "2 specs: 2 passed"}
	hostspec(t, "run", "-t", target, "./testdata/own").run().wants(t, 0, held...)
	hostspec(t, "run", "./testdata/own").with("HOSTSPEC_TARGET="+target).run().wants(t, 0, held...)
	runBuilt(t, build(t, "./testdata/own"), nil, "-t", target).wants(t, 0, held...)
	hostspec(t, "run", "-t", "twin://a?off=b", "./testdata/own").run().wants(t, 2, `unknown option "off"; known: `)
}

// What no package knows is told once, however many packages there are, and is wrong usage.
func TestBackendOfNobody(t *testing.T) {
	a := hostspec(t, "run", "-t", "shh://web1", "./testdata/good", "./testdata/data").run()
	a.wants(t, 2, `  1) target "shh://web1": unknown scheme "shh"; known: docker, docker-image, exec, local, ssh`+"\n")
	if n := strings.Count(a.stdout, "unknown scheme"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, a.stdout)
	}
	hostspec(t, "run", "-t", "twin://joe:h0rse@a", "./testdata/own").run().wants(t, 2, "it holds a password")
}

// A main package of ten lines makes a hostspec with a format and a backend built in; the
// programs that it builds have them, too.
func TestCommandOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	hostspec(t, "init").in(dir).with("GOPROXY=off").run().wants(t, 0)
	write(t, filepath.Join(dir, "cmd/mine/main.go"), `package main

import (
	"context"
	"fmt"
	"io"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/cmd/hostspec/cli"
	"github.com/hostspec/hostspec/spec/report"
)

func main() {
	report.Register(report.Format{Name: "cases", Document: func(w io.Writer, run *report.Run) error {
		_, err := fmt.Fprintln(w, len(run.Cases), "cases on", run.Targets[0])
		return err
	}})
	backends.Register("twin", backends.Driver{Open: func(ctx context.Context, _ *backends.URI) (backends.Backend, error) {
		return backends.Open(ctx, "local://")
	}})
	cli.Main()
}
`)
	mine := filepath.Join(dir, "mine")
	if out, err := goIn(t, dir, "build", "-mod=mod", "-o", mine, "./cmd/mine"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	loose := filepath.Join(dir, "loose")
	if out, err := goIn(t, dir, "build", "-mod=mod", "-o", loose, "cmd/mine/main.go"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	hostspec(t, "build", "-o", "web-spec").of(loose).in(dir).run().wants(t, 2, "compiled from files, and not from a package")
	call := func(args ...string) *call { return hostspec(t, args...).of(mine).in(dir) }
	call("run", "--help").run().wants(t, 0, "json, junit or cases;")
	call("run", "-f", "cases:out").run().wants(t, 0)
	if text, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || !strings.HasSuffix(string(text), " cases on local://\n") {
		t.Errorf("the report is %q, %v", text, err)
	}
	call("snapshot", "-t", "twin://?y=z", "-o", "snap").run().wants(t, 2, `unknown option "y"`)
	call("build", "-o", "web-spec").run().wants(t, 0)
	hostspec(t, "-f", "cases").of(filepath.Join(dir, "web-spec")).in(dir).run().wants(t, 0, " cases on local://\n")
}
