// Package ci checks the files of this folder, and runs the commands in them.
package ci

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// The formats, as far as these files use them: any other key is an error.
type (
	// docs.github.com, Workflow syntax for GitHub Actions
	github struct {
		Name string
		On   struct {
			PullRequest *struct{} `yaml:"pull_request"`
			Push        struct{ Branches []string }
		}
		Permissions, Env map[string]string
		Jobs             map[string]struct {
			RunsOn         string `yaml:"runs-on"`
			TimeoutMinutes int    `yaml:"timeout-minutes"`
			Steps          []struct {
				Name, If, Uses, Run string
				With                map[string]string
			}
		}
	}
	// docs.gitlab.com, CI/CD YAML syntax reference
	gitlab struct {
		Variables map[string]string
		Jobs      map[string]struct {
			Extends, Timeout string
			Tags, Script     []string
			Rules            []struct{ If string }
			Artifacts        struct {
				When    string
				Reports struct{ Junit string }
			}
		} `yaml:",inline"`
	}
	// devcenter.wercker.com, wercker.yml
	wercker struct {
		Box               string
		NoResponseTimeout int `yaml:"no-response-timeout"`
		Pipelines         map[string]struct {
			Docker bool
			Steps  []struct{ Script struct{ Name, Code string } }
		} `yaml:",inline"`
	}
)

func parse(g *WithT, file string, into any) {
	text, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	g.Expect(d.Decode(into)).To(Succeed(), file)
}

// A gate is what a service runs on a pull request, and what on main.
type gate struct {
	request, main []string
	env           []string
	report        string
}

func gates(g *WithT) map[string]gate {
	var hub github
	parse(g, "github-actions.yml", &hub)
	var all, main []string
	for _, s := range hub.Jobs["loop"].Steps {
		switch {
		case strings.Contains(s.If, "!= 'refs/heads/main'"):
			all = append(all, s.Run)
		case strings.Contains(s.If, "== 'refs/heads/main'"):
			main = append(main, s.Run)
		case strings.HasPrefix(s.Uses, "actions/upload-artifact@"):
			g.Expect(s.If).To(Equal("always()"))
			g.Expect(s.With["path"]).To(Equal("hostspec.xml"))
		}
	}
	g.Expect(hub.On.Push.Branches).To(Equal([]string{"main"}))
	var lab gitlab
	parse(g, "gitlab-ci.yml", &lab)
	base := lab.Jobs[".hostspec"].Artifacts
	g.Expect([]string{base.When, base.Reports.Junit}).To(Equal([]string{"always", "hostspec.xml"}))
	g.Expect(lab.Jobs["loop"].Rules[0].If).To(ContainSubstring("merge_request_event"))
	g.Expect(lab.Jobs["promote"].Rules[0].If).To(ContainSubstring(`$CI_COMMIT_BRANCH == "main"`))
	var w wercker
	parse(g, "wercker.yml", &w)
	codes := func(pipeline string) (out []string) {
		g.Expect(w.Pipelines[pipeline].Docker).To(BeTrue())
		for _, s := range w.Pipelines[pipeline].Steps {
			out = append(out, s.Script.Code)
		}
		return out
	}
	return map[string]gate{
		"github":  {all, main, []string{"GITHUB_SHA=1"}, "hostspec.xml"},
		"gitlab":  {lab.Jobs["loop"].Script, lab.Jobs["promote"].Script, []string{"CI_COMMIT_SHA=1"}, "hostspec.xml"},
		"wercker": {codes("build"), codes("promote"), []string{"WERCKER_GIT_COMMIT=1", "WERCKER_REPORT_ARTIFACTS_DIR=kept"}, "kept/hostspec.xml"},
		"jenkins": jenkins(g),
	}
}

// jenkins reads the stages of the Jenkinsfile, whose blocks are one line or end where
// their indentation does.
func jenkins(g *WithT) gate {
	text, err := os.ReadFile("Jenkinsfile")
	g.Expect(err).NotTo(HaveOccurred())
	for _, pair := range []string{"{}", "()"} {
		g.Expect(strings.Count(string(text), pair[:1])).To(Equal(strings.Count(string(text), pair[1:])))
	}
	out := gate{env: []string{"GIT_COMMIT=1"}, report: "hostspec.xml"}
	g.Expect(string(text)).To(ContainSubstring("always {\n            junit testResults: 'hostspec.xml', allowEmptyResults: true"))
	main := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "when {"):
			main = line == "when { branch 'main' }"
			g.Expect(line).To(Or(Equal("when { branch 'main' }"), Equal("when { not { branch 'main' } }")))
		case strings.HasPrefix(line, "sh '"):
			command := strings.TrimSuffix(strings.TrimPrefix(line, "sh '"), "'")
			if main {
				out.main = append(out.main, command)
			} else {
				out.request = append(out.request, command)
			}
		}
	}
	return out
}

// only keeps the lines that run hostspec: there is no registry to push to here.
func only(commands []string) string {
	lines := strings.Split(strings.Join(commands, "\n"), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, "hostspec tdd") }), "\n")
}

// Each service's commands, as they stand there: a pull request leaves a report and no
// image, main an image of the name that is pushed afterwards.
func TestGates(t *testing.T) {
	g := NewWithT(t)
	dir := repository(t)
	for name, one := range gates(g) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			image := rig.OwnName(t, "hostspec-test/ci-"+name)
			t.Cleanup(func() { _ = exec.Command("docker", "rmi", "--force", image+":1").Run() }) // there is none where the test fails
			for _, commands := range [][]string{one.request, one.main} {
				script := only(commands)
				g.Expect(script).NotTo(BeEmpty())
				g.Expect(os.MkdirAll(filepath.Join(dir, filepath.Dir(one.report)), 0o755)).To(Succeed())
				run(t, dir, append(one.env, "IMAGE="+image), "sh", "-ec", script)
				report, err := os.ReadFile(filepath.Join(dir, one.report))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(report)).To(ContainSubstring(`classname="web.covered"`))
				g.Expect(os.Remove(filepath.Join(dir, one.report))).To(Succeed())
				promoted := exec.Command("docker", "image", "inspect", image+":1").Run() == nil
				g.Expect(promoted).To(Equal(strings.Contains(script, "--promote")))
			}
			g.Expect(strings.Join(one.main, "\n")).To(MatchRegexp(`docker push "\$IMAGE:\$` + strings.Split(one.env[0], "=")[0] + `"`))
		})
	}
	// A red gate is closed: the command fails, and nothing is left to be pushed.
	jenkins := gates(g)["jenkins"]
	red := strings.ReplaceAll(only(jenkins.main), " web", " --converge true web")
	image := rig.OwnName(t, "hostspec-test/ci-red")
	out, code := try(dir, append(jenkins.env, "IMAGE="+image), "sh", "-ec", red)
	g.Expect(code).To(Equal(1), out)
	g.Expect(exec.Command("docker", "image", "inspect", image+":1").Run()).NotTo(Succeed())
}

// repository is one as `hostspec init --suite web` starts it, with a small suite.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(t.TempDir(), "hostspec")
	run(t, "../../cmd/hostspec", nil, "go", "build", "-o", binary, ".")
	run(t, dir, nil, binary, "init")
	for name, text := range map[string]string{
		"hostspec.yaml": "suites:\n  web:\n    image: " + rig.Image(t) + "\n    converge: echo port = 8080 >/etc/app.conf\n    specs: ./spec/web\n",
		"spec/web/web_test.go": `package web_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "web") }

var _ = Describe("the app", func() {
	File("/etc/app.conf").Should(HaveContent("port = 8080"))
})
`,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	if out, code := try(dir, env, args...); code != 0 {
		t.Fatalf("%v: exit %d\n%s", args, code, out)
	}
}

func try(dir string, env []string, args ...string) (output string, code int) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(append(cmd.Environ(), "GOPROXY=off", "GONOSUMDB=*"), env...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		return err.Error(), -1
	}
	return string(out), cmd.ProcessState.ExitCode()
}
