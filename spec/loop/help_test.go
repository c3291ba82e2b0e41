package loop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/loop"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/target"
	"github.com/hostspec/hostspec/spec/wire"
)

func TestMain(m *testing.M) { rig.Main(m) }

// A check is a spec that needs no Ginkgo: shell text that holds where it exits with
// 0, cannot tell where it exits with 3, and looks at a subject.
type check struct {
	subject, script string
	labels          []string
	via             string
}

// resource is what the check looks at.
func (c check) resource() evidence.Resource {
	kind, name, _ := strings.Cut(c.subject, " ")
	if plain, err := strconv.Unquote(name); err == nil {
		name = plain
	}
	return evidence.Resource{Kind: kind, Name: name, Via: c.via}
}

// checks runs checks as the specs of a suite.
func checks(t testing.TB, all ...check) func(context.Context, loop.Stage, string) loop.SpecRun {
	return func(ctx context.Context, _ loop.Stage, text string) (ran loop.SpecRun) {
		uri, err := backends.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		tg := target.New(uri, target.Options{})
		defer tg.Close()
		for n, c := range all {
			r := report.Result{
				Text: c.subject, Labels: c.labels, Location: report.Location{File: "web_test.go", Line: n + 1},
				Outcome: report.Passed, Evidence: []evidence.Evidence{{Subject: c.subject, Resource: c.resource()}},
			}
			o, _, err := tg.Run(ctx, tg.As(), target.Script{Text: c.script})
			var unreachable *backends.UnreachableError
			switch {
			case errors.As(err, &unreachable):
				r.Outcome, r.Message = report.Unreachable, err.Error()
			case err != nil || o.Status.Code == 3:
				r.Outcome = report.NotTold
			case !o.Status.Success():
				r.Outcome = report.Failed
			}
			ran.Results = append(ran.Results, r)
		}
		return ran
	}
}

// file is a check that looks at a file.
func file(name string) check {
	return check{subject: fmt.Sprintf("File %q", name), script: "test -e " + backends.Quote(name)}
}

// A going is one run of the loop and what it has shown.
type going struct {
	*loop.Result
	output string
	begun  []loop.Stage
}

func (g *going) stage(t testing.TB, stage loop.Stage) loop.StageResult {
	t.Helper()
	for _, s := range g.Stages {
		if s.Stage == stage {
			return s
		}
	}
	t.Fatalf("there is no stage %s", stage)
	return loop.StageResult{}
}

// wants checks how a stage ended and what it says.
func (g *going) wants(t testing.TB, stage loop.Stage, outcome loop.Outcome, words ...string) {
	t.Helper()
	s := g.stage(t, stage)
	text := s.Summary + "\n" + strings.Join(s.Details, "\n")
	if s.Outcome != outcome {
		t.Errorf("%s: %s, want %s:\n%s", stage, s.Outcome, outcome, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", stage, w, text)
		}
	}
}

// locked is a buffer for several writers.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// goThrough runs a suite and checks that no container of its image stays.
func goThrough(t testing.TB, s *loop.Suite, o loop.Options, specs func(context.Context, loop.Stage, string) loop.SpecRun) *going {
	t.Helper()
	g := goWith(t.Context(), t, s, o, specs, nil)
	if s.Image != "" && !o.Keep {
		wantNoContainerOf(t, s.Image)
	}
	return g
}

// goWith also tells somebody that a stage begins.
func goWith(ctx context.Context, t testing.TB, s *loop.Suite, o loop.Options, specs func(context.Context, loop.Stage, string) loop.SpecRun, begin func(loop.Stage)) *going {
	t.Helper()
	if s.Name == "" {
		s.Name = "web"
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	g := &going{}
	out := &locked{}
	o.Sandboxes = docker.Sandboxes{}
	g.Result = loop.Run(ctx, s, o, loop.Hooks{Specs: specs, Output: out, Begin: func(stage loop.Stage) {
		g.begun = append(g.begun, stage)
		if begin != nil {
			begin(stage)
		}
	}})
	g.output = out.String()
	for _, one := range g.Stages {
		t.Logf("%-10s %-7s %v %s\n%s", one.Stage, one.Outcome, one.Took, one.Summary, strings.Join(one.Details, "\n"))
	}
	return g
}

func wantNoContainerOf(t testing.TB, image string) {
	t.Helper()
	if left := rig.Docker(t, "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
		t.Errorf("containers of %s are left: %s", image, left)
	}
}

// sh is a converge command that runs on the target.
func sh(script string) []loop.Converge { return []loop.Converge{{Run: script}} }

// variant makes an image that only this test of this process uses, and knows by its
// label: the same contents would be the same image.
func variant(t testing.TB, from, change string) string {
	t.Helper()
	name := rig.OwnName(t, "hostspec-test/"+strings.ReplaceAll(t.Name(), "/", "-"))
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", "build", "--quiet", "--force-rm", "--tag", name, "-")
	cmd.Stdin = strings.NewReader("FROM " + from + "\n" + change + "\nLABEL made-for=" + name + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", name) })
	return name
}

// box makes an image of busybox alone, which takes no time to start.
func box(t testing.TB, files ...rig.File) string {
	t.Helper()
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	all := []rig.File{
		{Name: "/bin/busybox", Mode: 0o755, Content: string(program)}, {Name: "/tmp/", Mode: 0o1777}, {Name: "/srv/"},
		{Name: "/etc/passwd", Content: "root:x:0:0:root:/root:/bin/sh\n"}, {Name: "/etc/group", Content: "root:x:0:\n"},
		{Name: "/etc/shadow", Mode: 0o600, Content: "root:*:19000:0:99999:7:::\n"}, {Name: "/root/", Mode: 0o700},
	}
	needed, err := exec.Command("ldd", "/bin/busybox").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(needed)) {
		if strings.HasPrefix(word, "/") {
			library, err := os.ReadFile(word)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rig.File{Name: word, Mode: 0o755, Content: string(library)})
		}
	}
	for _, applet := range strings.Fields("wc sh cat ls find xargs stat sha256sum gzip sleep mkdir rm cp mv touch chmod chown ln date grep sed tr sort head tail kill ps env test id uname setsid mount true false dd awk cut readlink printf read sync") {
		all = append(all, rig.File{Name: "/bin/" + applet, Type: '2', Link: "busybox"})
	}
	return rig.MakeImage(t, append(all, files...)...)
}

// compiled compiles lines of specs within this module, without writing there, and
// runs them as hostspec does.
func compiled(t testing.TB, lines ...string) func(context.Context, loop.Stage, string) loop.SpecRun {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := `package pasted_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestPasted(t *testing.T) { Run(t, "pasted") }

var _ = Describe("what was printed", func() {
	` + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n\t") + `
})
`
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	source := write("pasted_test.go", text)
	if out, err := exec.Command("gofmt", "-l", source).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v %s\n%s", err, out, text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "spec/loop/pasted/pasted_test.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "pasted.test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", write("overlay.json", string(overlay)), "-o", binary, "./spec/loop/pasted")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	return func(ctx context.Context, _ loop.Stage, target string) loop.SpecRun {
		return runBinary(ctx, t, binary, dir, target)
	}
}

func runBinary(ctx context.Context, t testing.TB, binary, dir, target string) (ran loop.SpecRun) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.CommandContext(ctx, binary, "-hostspec.target="+target)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "HOSTSPEC_EVENTS_FD=3")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	for d := json.NewDecoder(r); ; {
		var e wire.Event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Error(err)
			break
		}
		if e.Result != nil {
			ran.Results = append(ran.Results, *e.Result)
		}
	}
	_ = cmd.Wait() // what the specs say is told
	return ran
}
