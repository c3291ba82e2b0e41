package cli_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// appConf converges what the specs of testdata/loop want.
const appConf = "echo port = 8080 >/etc/app.conf"

// tdd is hostspec tdd of testdata/loop, from a plain container.
func tdd(t *testing.T, image, converge string, flags ...string) *call {
	return hostspec(t, append([]string{"tdd", "--image", image, "--converge", converge, "--specs", "./testdata/loop"}, flags...)...)
}

func TestLoop_Holds(t *testing.T) {
	image := variant(t, "ENV A=b")
	a := tdd(t, image, "echo making it; "+appConf).run()
	a.wants(t, 0, "suite suite\n", "  create      held ", "red         held ", "none was green already", "    | making it\n",
		"green       held ", "3 specs: 3 passed", "idempotent  held ", "coverage: 1 of 1 changes", "promote     skipped", "suite suite: held in ")
	if !strings.HasSuffix(last(a.stdout), "; coverage 1 of 1 changes") || strings.Contains(a.stdout, "\x1b") {
		t.Errorf("got %q", a.stdout)
	}
	b := tdd(t, image, "echo making it; "+appConf, "--quiet").run()
	b.wants(t, 0)
	if strings.Contains(b.stdout, "making it\n    |") || strings.Contains(b.stdout, "| making it") {
		t.Errorf("it is not quiet:\n%s", b.stdout)
	}
	hostspectest.WantNoContainerOf(t, image)
}

// Each way in which it does not hold has its exit code, and leaves no container.
func TestLoop_ExitCodes(t *testing.T) {
	image := variant(t, "ENV A=b")
	static := rig.MakeImage(t, rig.File{Name: "sleeper", Mode: 0o755, Content: rig.Sleeper(t)})
	const stamp = "; date +%s%N >/etc/stamp"
	for name, test := range map[string]struct {
		converge string
		flags    []string
		code     int
		says     []string
	}{
		"a wrong spec":           {"echo port = 80 >/etc/app.conf", nil, 1, []string{"green       failed", "failed: the app File \"/etc/app.conf\" should have content", "covered     skipped", "suite suite: failed in ", " at green"}},
		"not idempotent":         {appConf + stamp, nil, 1, []string{"idempotent  failed", "/etc/stamp", "suite suite: failed in ", " at idempotent"}},
		"too little is covered":  {appConf + "; echo x >/etc/more", []string{"--min-coverage", "80"}, 1, []string{"covered     failed", "1 of 2 changes, 50 %, where at least 80 % is asked for", "File(\"/etc/more\")"}},
		"enough is covered":      {appConf + "; echo x >/etc/more", []string{"--min-coverage", "50"}, 0, []string{"covered     warned"}},
		"vacuous, strictly":      {appConf, []string{"--strict", "--specs", "./testdata/vacuous"}, 1, []string{"red         failed", "vacuous: the system User \"root\" should exist (testdata/vacuous/vacuous_test.go:"}},
		"vacuous":                {appConf, []string{"--specs", "./testdata/vacuous"}, 0, []string{"red         warned", "1 vacuous", "suite suite: warned in ", " at red"}},
		"converge fails":         {"echo because >&2; exit 7", []string{"-q"}, 3, []string{"    | because\n", "converge    broken", "exit 7", "not reached: converge was broken", "suite suite: broken in ", " at converge"}},
		"converge takes forever": {"sleep 600", []string{"--timeout", "10s"}, 3, []string{"converge    broken", "10s"}},
		"no systemd":             {appConf, []string{"--boot", "systemd", "--image", static}, 3, []string{"create      broken", "systemd"}},
		"nothing is tested":      {appConf, []string{"--specs", "./testdata/nothing"}, 4, []string{"red         broken", "nothing was tested"}},
		"no test calls Run":      {appConf, []string{"--specs", "./testdata/norun"}, 2, []string{"red         broken", "since no test calls Run"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"tdd", "--converge", test.converge}
			if !strings.Contains(strings.Join(test.flags, " "), "--image") {
				args = append(args, "--image", image)
			}
			if !strings.Contains(strings.Join(test.flags, " "), "--specs") {
				args = append(args, "--specs", "./testdata/loop")
			}
			hostspec(t, append(args, test.flags...)...).run().wants(t, test.code, test.says...)
		})
	}
	t.Cleanup(func() { hostspectest.WantNoContainerOf(t, image) })
}

// A container that is kept belongs to one suite of one file, whatever the folder of
// another is called, and from wherever it is used again.
func TestLoop_KeptContainersAreNotMixedUp(t *testing.T) {
	image := variant(t, "ENV A=b")
	t.Cleanup(func() {
		for _, id := range strings.Fields(hostspectest.ContainersOf(t, image)) {
			hostspectest.Docker(t, "", "rm", "--force", id)
		}
	})
	specs, err := filepath.Abs("testdata/loop")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	kept := regexp.MustCompile(`is kept: docker exec -it (hostspec-tdd-\S+) sh `)
	names := map[string]string{}
	for _, file := range []string{"a/web/hostspec.yaml", "a/web/more.yaml", "b/web/hostspec.yaml"} {
		write(t, filepath.Join(dir, file), "suites:\n  s:\n    image: "+image+"\n    converge: "+appConf+"\n    specs: "+specs+"\n")
		c := hostspec(t, "tdd", "--keep", "--config", file).in(dir).run()
		c.wants(t, 0)
		said := kept.FindStringSubmatch(c.stdout + c.stderr)
		if said == nil {
			t.Fatalf("it does not say what it has kept:\n%s%s", c.stdout, c.stderr)
		}
		names[file] = said[1]
	}
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	again := func(file string, c *call) {
		t.Helper()
		c.run().wants(t, 0, "container "+names[file]+" again")
	}
	again("a/web/hostspec.yaml", hostspec(t, "tdd", "--reuse").in(filepath.Join(dir, "a", "web")))
	again("a/web/more.yaml", hostspec(t, "tdd", "--reuse", "--config", "web/more.yaml").in(filepath.Join(dir, "a")))
	again("b/web/hostspec.yaml", hostspec(t, "tdd", "--reuse").in(filepath.Join(dir, "linked", "web")))
	if left := strings.Fields(hostspectest.ContainersOf(t, image)); len(left) != len(names) {
		t.Errorf("%d containers are left, want one of each of %v", len(left), names)
	}
}

func TestLoop_ImageThatIsAbsent(t *testing.T) {
	tdd(t, "registry.example/app:1", appConf).run().
		wants(t, 3, "create      broken", "docker pull registry.example/app:1", "suite suite: broken in ", " at create")
}

// What is wrong with the command line or the file is told before anything is made.
func TestLoop_WrongUsage(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "spec", "web", "web_test.go"), "package web_test\n")
	write(t, filepath.Join(dir, "hostspec.yaml"), "suites:\n  web: {image: a, converge: b, specs: ./spec/web}\n  db: {image: a, converge: b, specs: ./spec/web}\n")
	write(t, filepath.Join(dir, "typo.yaml"), "suites:\n  web:\n    image: a\n    convrege: b\n    specs: ./spec/web\n")
	flags := func(more ...string) *call {
		return hostspec(t, append([]string{"tdd", "--image", "a", "--converge", "b"}, more...)...)
	}
	good := func(more ...string) *call { return flags(append(more, "--specs", "./testdata/loop")...) }
	for name, test := range map[string]struct {
		call *call
		says []string
	}{
		"unknown key":            {hostspec(t, "tdd", "--config", "typo.yaml").in(dir), []string{"typo.yaml:4:5: ", `unknown key "convrege"`, "converge"}},
		"unknown suite":          {hostspec(t, "tdd", "wep").in(dir), []string{`no suite "wep"`, "web"}},
		"no file":                {hostspec(t, "tdd").in(t.TempDir()), []string{"hostspec init --suite NAME"}},
		"flags for two":          {hostspec(t, "tdd", "--promote", "x").in(dir), []string{"are for one suite; name it"}},
		"--watch of two":         {hostspec(t, "tdd", "--watch").in(dir), []string{"--watch is for one suite; name it"}},
		"no specs in there":      {hostspec(t, "tdd", "web").in(dir), []string{"suite web: ", "go.mod"}},
		"no specs":               {flags(), []string{"no specs were named; --specs"}},
		"a package without":      {flags("--specs", "./testdata/nospecs"), []string{"no specs matched ./testdata/nospecs"}},
		"does not compile":       {flags("--specs", "./testdata/broken"), []string{"do not compile; nothing was run"}},
		"image and target":       {good("-t", "local://"), []string{"--image, --dockerfile and --target contradict each other"}},
		"--boot":                 {good("--boot", "sysv"), []string{"--boot sysv: want systemd"}},
		"--mount":                {good("--mount", "here"), []string{"--mount here: want SRC:DST"}},
		"--mount of nothing":     {good("--mount", "./nosuch:/x"), []string{"--mount ./nosuch:/x: ", "no such file"}},
		"--env":                  {good("--env", "A"), []string{"--env A: want NAME=VALUE"}},
		"--min-coverage":         {good("--min-coverage", "101"), []string{"--min-coverage 101: want 0 to 100"}},
		"--timeout":              {good("--timeout", "0s"), []string{"--timeout 0s: want a time above zero"}},
		"--format":               {good("-f", "xml"), []string{`unknown format "xml"`}},
		"two to the terminal":    {good("-f", "json", "-f", "junit"), []string{"would both write to the terminal"}},
		"--watch and a document": {good("--watch", "-f", "json"), []string{"--watch", "-f json:FILE"}},
		"--watch and promote":    {good("--watch", "--promote", "x:1"), []string{"--watch and --promote contradict each other"}},
		"promote of a target":    {hostspec(t, "tdd", "-t", "local://", "--on-live-target", "--specs", "./testdata/loop", "--promote", "x:1"), []string{"--promote is for containers"}},
		"no target":              {hostspec(t, "tdd", "-t", "shh://x", "--specs", "./testdata/loop"), []string{`unknown scheme "shh"`}},
		"no reference":           {good("--promote", "Not A Tag"), []string{"--promote Not A Tag: "}},
	} {
		t.Run(name, func(t *testing.T) {
			a := test.call.run()
			a.wants(t, 2, test.says...)
			if strings.TrimPrefix(a.stdout, "suite suite\n") != "" {
				t.Errorf("something was run:\n%s", a.stdout)
			}
		})
	}
}

// A report holds the stages and the specs of each, told apart.
func TestLoop_Reports(t *testing.T) {
	g := NewWithT(t)
	image, dir := variant(t, "ENV A=b"), t.TempDir()
	file := filepath.Join(dir, "x.json")
	a := tdd(t, image, appConf+"; date +%s%N >/etc/stamp", "-f", "documentation", "-f", "json:"+file, "-f", "junit:"+filepath.Join(dir, "x.xml")).run()
	a.wants(t, 1, "the app on suite, red\n", "should be a file (skipped: red before converge, as it is to be)", "stage idempotent on suite\n", "FAILED: [stage] idempotent", "suite suite: failed in ", " at idempotent")
	var doc struct {
		Specs   []struct{ Target, Node, Stage, Text, Outcome, Message string }
		Summary struct {
			Specs, Passed, Failed, Skipped int
			Line                           string
			Loops                          []struct {
				Suite, Outcome, Line string
				Stages               []struct{ Stage, Outcome string }
				Coverage             struct {
					Changes, Covered int
					Lines            []string
				}
			}
		}
	}
	g.Expect(json.Unmarshal([]byte(read(t, file)), &doc)).To(Succeed())
	var red, green int
	stages := map[string]string{}
	for _, s := range doc.Specs {
		g.Expect(s.Target).To(Equal("suite"))
		switch {
		case s.Node == "stage":
			stages[s.Stage] = s.Outcome
		case s.Stage == "red":
			red++
		case s.Stage == "green":
			green++
		}
	}
	g.Expect([]int{red, green}).To(Equal([]int{3, 3}))
	g.Expect(stages).To(Equal(map[string]string{"create": "passed", "red": "passed", "converge": "passed", "green": "passed",
		"idempotent": "failed", "covered": "passed", "promote": "skipped"}))
	sum := doc.Summary
	g.Expect([]int{sum.Specs, sum.Passed, sum.Failed, sum.Skipped}).To(Equal([]int{6, 4, 0, 2}))
	g.Expect(sum.Line).To(Equal(last(a.stdout)))
	one := sum.Loops[0]
	g.Expect(one.Outcome).To(Equal("failed"))
	g.Expect(one.Stages).To(HaveLen(7))
	g.Expect([]int{one.Coverage.Changes, one.Coverage.Covered}).To(Equal([]int{2, 1}))
	g.Expect(one.Coverage.Lines).To(ConsistOf(ContainSubstring(`File("/etc/stamp")`)))

	xsd := "../../../spec/report/testdata/junit-10.xsd"
	out, err := exec.Command("xmllint", "--noout", "--schema", xsd, filepath.Join(dir, "x.xml")).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	var junit struct {
		Suites []struct {
			Cases []struct {
				Class   string    `xml:"classname,attr"`
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	g.Expect(xml.Unmarshal([]byte(read(t, filepath.Join(dir, "x.xml"))), &junit)).To(Succeed())
	seen, failed := map[string]bool{}, []string{}
	for _, s := range junit.Suites {
		for _, c := range s.Cases {
			g.Expect(seen[c.Class+" "+c.Name]).To(BeFalse(), "%s %s is there twice", c.Class, c.Name)
			seen[c.Class+" "+c.Name] = true
			if c.Failure != nil {
				failed = append(failed, c.Class+" "+c.Name)
			}
		}
	}
	g.Expect(seen).To(HaveLen(7 + 6))
	g.Expect(failed).To(ConsistOf("suite.idempotent idempotent"))
}

// A document on standard output is the document and nothing else.
func TestLoop_DocumentOnStandardOutput(t *testing.T) {
	image := variant(t, "ENV A=b")
	a := tdd(t, image, "echo making it; "+appConf, "-f", "json", "--strict", "--specs", "./testdata/vacuous").run()
	a.wants(t, 1)
	if !json.Valid([]byte(a.stdout)) || !strings.Contains(a.stdout, "vacuous: green before anything was done") {
		t.Errorf("stdout:\n%s", a.stdout)
	}
	for _, text := range []string{"    | making it\n", "  red         failed", "suite suite: failed in ", " at red"} {
		if !strings.Contains(a.stderr, text) {
			t.Errorf("stderr does not say %q:\n%s", text, a.stderr)
		}
	}
	b := tdd(t, image, appConf, "-f", "junit").run()
	b.wants(t, 0)
	if !strings.HasPrefix(b.stdout, "<?xml") || !strings.HasSuffix(b.stdout, "</testsuites>\n") {
		t.Errorf("stdout:\n%s", b.stdout)
	}
	if c := tdd(t, image, appConf, "-f", "progress").run(); c.code != 0 || strings.Count(strings.SplitN(c.stdout, "\n", 2)[0], "-") != 3 {
		t.Errorf("got %v", c)
	}
	tdd(t, image, appConf, "-f", "json:/dev/full").run().wants(t, 3, "cannot write a report", "no space left on device", "suite suite: held")
}

// On a terminal there is colour, and after much output all stages on one screen.
func TestLoop_OnATerminal(t *testing.T) {
	image := variant(t, "ENV A=b")
	for _, color := range []bool{true, false} {
		ours, theirs := openTerminal(t)
		cmd := tdd(t, image, "seq 20; [ -e /etc/app.conf ] || sleep 5; "+appConf, "--no-color="+strconv.FormatBool(!color)).with("TERM=xterm").command(t.Context())
		cmd.Stdout = theirs
		said := make(chan string, 1)
		go func() {
			var all bytes.Buffer
			_, _ = all.ReadFrom(ours) // EIO when the other side is closed
			said <- all.String()
		}()
		err := cmd.Run()
		theirs.Close()
		text := <-said
		_, overview, ok := strings.Cut(text, "all of suite suite\r\n")
		if err != nil || !ok || strings.Count(overview, "\n") != 8 {
			t.Errorf("%v: %s", err, text)
		}
		if !regexp.MustCompile(`\r  converge    \d+ s  \d+`).MatchString(text) {
			t.Errorf("it does not say that converge goes on: %q", text)
		}
		if strings.Contains(text, "\x1b[32mheld") != color || strings.Contains(text, "\x1b") != color {
			t.Errorf("colour, want %v: %q", color, text)
		}
	}
}

// A runningLoop is a loop that is to be ended before its time.
type runningLoop struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	report string
}

func startLoop(t *testing.T, c *call) *runningLoop {
	t.Helper()
	l := &runningLoop{t: t, report: filepath.Join(t.TempDir(), "x.json")}
	c.args = append(c.args, "-f", "json:"+l.report)
	l.cmd = c.command(t.Context())
	l.cmd.Stdout, l.cmd.Stderr = &l.stdout, &l.stdout
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return l
}

// sleeping reports whether a process sleeps in a container of the image.
func sleeping(image string) func() bool {
	return func() bool {
		ids, err := exec.Command("docker", "ps", "--quiet", "--filter", "ancestor="+image).Output()
		for _, id := range strings.Fields(string(ids)) {
			if top, _ := exec.Command("docker", "top", id).Output(); err == nil && strings.Contains(string(top), "sleep 600") {
				return true
			}
		}
		return false
	}
}

// Ctrl-C at each stage that may take long: nothing stays behind, nothing is promoted,
// and the report says where it was.
func TestLoop_Interrupted(t *testing.T) {
	for stage, test := range map[string]struct{ converge, spec string }{
		"red":        {appConf, "[ -e /etc/app.conf ] || sleep 600"},
		"converge":   {"sleep 600", "true"},
		"green":      {appConf, "[ ! -e /etc/app.conf ] || sleep 600"},
		"idempotent": {"[ ! -e /etc/app.conf ] || sleep 600; " + appConf, "true"},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			image := variant(t, "ENV STAGE="+stage) // the same contents would be the same image
			tag := strings.Replace(image, "hostspec-test/", "hostspec-test/promoted-", 1)
			l := startLoop(t, hostspec(t, "tdd", "--image", image, "--converge", test.converge, "--specs", "./testdata/waits", "--promote", tag).
				with("WAIT_SCRIPT="+test.spec))
			await(t, stage, sleeping(image))
			if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = l.cmd.Wait() // the exit code tells
			a := answer{l.cmd.ProcessState.ExitCode(), l.stdout.String(), ""}
			a.wants(t, 130, "suite suite: interrupted in ", " at "+stage, "interrupted: this is what was known by then", "not reached: "+stage+" was broken")
			hostspectest.WantNoContainerOf(t, image)
			if exec.Command("docker", "image", "inspect", tag).Run() == nil {
				t.Errorf("%s was promoted", tag)
			}
			text := read(t, l.report)
			if !json.Valid([]byte(text)) || !strings.Contains(text, `"interrupted": true`) {
				t.Errorf("report:\n%s", text)
			}
		})
	}
}

// What a killed loop has left is removed by the next.
func TestLoop_Killed(t *testing.T) {
	image := variant(t, "ENV A=b")
	l := startLoop(t, tdd(t, image, "sleep 600"))
	await(t, "converge", sleeping(image))
	if err := l.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = l.cmd.Wait() // it was killed
	tdd(t, image, appConf).run().wants(t, 0)
	hostspectest.WantNoContainerOf(t, image)
}
