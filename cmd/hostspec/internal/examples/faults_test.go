package examples

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

// A fault is what somebody may have done wrong, and how the loop tells of it.
type fault struct {
	code    int
	stage   string
	outcome string
	// says are texts of the stage's summary and details.
	says []string
	args []string
}

// The faults that each tool is planted.
var faults = map[string]fault{
	"vacuous": {code: 1, stage: "red", outcome: "failed", args: []string{"--strict"},
		says: []string{"1 vacuous", `vacuous: the web server File "/etc/passwd" should be a file (`, "spec/web/web_test.go:"}},
	"mode": {code: 1, stage: "green", outcome: "failed",
		says: []string{`failed: the web server File "/etc/cron.d/web" should have mode 0644 (`}},
	"not enabled": {code: 1, stage: "green", outcome: "failed",
		says: []string{`failed: the web server Service "nginx" should be enabled (`}},
	"time stamp": {code: 1, stage: "idempotent", outcome: "failed",
		says: []string{"1 difference: 1 file after the second converge", "file /srv/web/index.html "}},
	"uncovered": {code: 1, stage: "covered", outcome: "failed", args: []string{"--min-coverage", "100"},
		says: []string{"no spec looks at file /etc/motd.web", `File("/etc/motd.web").Should(`}},
	"converge fails": {code: 3, stage: "converge", outcome: "broken"}, // in the words of the tool
}

// A webserverTool is one of the example's suites and how the faults get into it.
type webserverTool struct {
	suite, manifest string
	plant           map[string][]change
	// failure is what the tool says where a package cannot be had, and failsAt the
	// stage if not converge.
	failure, failsAt string
	// together are faults that one turn is to tell of, each at its stage. What one
	// turn shows is shown one by one with the quickest of the tools.
	together [][]string
}

var (
	inTurns  = [][]string{{"vacuous", "mode", "not enabled"}, {"time stamp", "uncovered"}, {"converge fails"}}
	oneByOne = [][]string{{"vacuous"}, {"mode"}, {"not enabled"}, {"time stamp"}, {"uncovered"}, {"converge fails"}}
)

var webserverTools = []webserverTool{
	{suite: "puppet", manifest: "puppet/site.pp", together: inTurns, failure: "nginx-lihgt", plant: map[string][]change{
		"mode":           {{"mode    => '0644',\n  content => \"17", "mode    => '0600',\n  content => \"17"}},
		"not enabled":    {{"enable => true", "enable => false"}},
		"time stamp":     {{`"hello from the web server\n"`, `inline_template("hello from the web server <%= Time.now.to_f %>\n")`}},
		"uncovered":      {{"", "file { '/etc/motd.web':\n  content => \"hello\\n\",\n}\n"}},
		"converge fails": {{"ensure => installed,", "ensure => installed,\n  name   => 'nginx-lihgt',"}},
	}},
	{suite: "itamae", manifest: "itamae/recipe.rb", together: inTurns, failure: "nginx-lihgt", plant: map[string][]change{
		"mode":           {{"mode '644'\n  content \"17", "mode '600'\n  content \"17"}},
		"not enabled":    {{"action [:enable, :start]", "action [:disable, :start]"}},
		"time stamp":     {{`"hello from the web server\n"`, `"hello from the web server #{Time.now.to_f}\n"`}},
		"uncovered":      {{"", "\nfile '/etc/motd.web' do\n  content \"hello\\n\"\nend\n"}},
		"converge fails": {{"package 'nginx-light'", "package 'nginx-lihgt'"}},
	}},
	{suite: "ansible", manifest: "ansible/site.yml", together: inTurns, failure: "nginx-lihgt", plant: map[string][]change{
		"mode":           {{"group: root\n        mode: \"0644\"\n  handlers:", "group: root\n        mode: \"0600\"\n  handlers:"}},
		"not enabled":    {{"enabled: true", "enabled: false"}},
		"time stamp":     {{`"hello from the web server\n"`, `"hello from the web server {{ ansible_date_time.iso8601_micro }}\n"`}},
		"uncovered":      {{"  handlers:", "    - copy:\n        dest: /etc/motd.web\n        content: hello\n  handlers:"}},
		"converge fails": {{"name: nginx-light", "name: nginx-lihgt"}},
	}},
	{suite: "cfengine", manifest: "cfengine/web.cf", together: oneByOne, failure: "nginx-lihgt", plant: map[string][]change{
		"mode":           {{"web/nightly\"), edit_defaults => whole, perms => owned(\"root\", \"0644\")", "web/nightly\"), edit_defaults => whole, perms => owned(\"root\", \"0600\")"}},
		"not enabled":    {{"systemctl -q enable nginx", "systemctl -q disable nginx"}},
		"time stamp":     {{`only("hello from the web server")`, `only("hello from the web server $(sys.systime)")`}},
		"uncovered":      {{"    \"/etc/cron.d/web\"", "    \"/etc/motd.web\" create => \"true\";\n    \"/etc/cron.d/web\""}},
		"converge fails": {{"install nginx-light", "install nginx-lihgt"}},
	}},
	{suite: "dockerfile", manifest: "dockerfile/Dockerfile", failsAt: "create", failure: "returned a non-zero code: 100",
		together: [][]string{{"vacuous", "mode", "not enabled"}, {"uncovered"}, {"converge fails"}}, plant: map[string][]change{
			"mode":           {{"", "RUN chmod 600 /etc/cron.d/web\n"}},
			"not enabled":    {{"systemctl enable nginx", "systemctl disable nginx"}},
			"uncovered":      {{"", "RUN touch /etc/motd.web\n"}},
			"converge fails": {{"recommends nginx-light", "recommends nginx-lihgt"}},
		}},
}

// TestWebserverFaults plants each fault into the example of each tool, and wants it
// told by name, at its stage.
func TestWebserverFaults(t *testing.T) {
	image := webserverImage(t)
	t.Run("in", func(t *testing.T) {
		for _, tool := range webserverTools {
			for _, names := range tool.together {
				t.Run(tool.suite+"/"+strings.Join(names, " and "), func(t *testing.T) {
					t.Parallel()
					tool.turn(t, image, names)
				})
			}
		}
	})
	hostspectest.WantNoContainerOf(t, image)
}

// turn plants faults and goes through the loop once.
func (w webserverTool) turn(t *testing.T, image string, names []string) {
	dir := webserverCopy(t)
	edit(t, filepath.Join(dir, "dockerfile/Dockerfile"), change{"FROM " + webserverBase, "FROM " + image})
	args := []string{"tdd", w.suite}
	if w.suite != "dockerfile" {
		args = append(args, "--image", image)
	}
	code := 0
	for _, name := range names {
		file, changes := w.manifest, w.plant[name]
		if name == "vacuous" {
			file, changes = "spec/web/web_test.go", []change{{"func() {\n\tPackage(\"nginx-light\")", "func() {\n\tFile(\"/etc/passwd\").Should(BeFile())\n\tPackage(\"nginx-light\")"}}
		}
		edit(t, filepath.Join(dir, file), changes...)
		args, code = append(args, faults[name].args...), faults[name].code
	}
	cmd := exec.CommandContext(t.Context(), hostspectest.Binary, args...)
	cmd.Dir = dir
	cmd.Env = hostspectest.Environ(cmd)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code tells
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	stages := stagesOf(stdout.String())
	for _, name := range names {
		f := faults[name]
		if f.stage == "converge" {
			f.says = []string{w.failure}
			if w.failsAt != "" {
				f.stage = w.failsAt
			}
		}
		got := stages[f.stage]
		if got == nil || got.outcome != f.outcome {
			t.Errorf("%s: %s is told as %+v, want %s", name, f.stage, got, f.outcome)
			continue
		}
		for _, text := range f.says {
			if !strings.Contains(got.summary+"\n"+got.details, text) {
				t.Errorf("%s: %s does not say %q, but %s\n%s", name, f.stage, text, got.summary, got.details)
			}
		}
	}
	if slices.Contains(names, "time stamp") && strings.Count(stages["idempotent"].details, "file ") != 1 {
		t.Errorf("want one file told, got\n%s", stages["idempotent"].details)
	}
	if t.Failed() {
		t.Log(stdout.String(), stderr.String())
	}
}
