package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/loop"
)

// specsIn makes a folder with specs of two roles.
func specsIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "spec", "web", "web_test.go"), "package web_test\n")
	return dir
}

func TestInitSuite(t *testing.T) {
	g := NewWithT(t)
	dir := specsIn(t)
	hostspec(t, "init", "--suite", "web").in(dir).run().wants(t, 0, "wrote hostspec.yaml\n", "hostspec tdd web")
	file := filepath.Join(dir, "hostspec.yaml")
	c, err := loop.Load(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Suites).To(ConsistOf(&loop.Suite{Name: "web", Image: "debian:bookworm", Specs: []string{filepath.Join(dir, "spec", "web")},
		Converge: []loop.Converge{{Run: "true", Passes: 1}}}))
	g.Expect(tree(t, dir)).To(Equal([]string{"hostspec.yaml", "spec/web/web_test.go"}))

	// A file that is there is somebody's, and what it says to paste is right.
	before := read(t, file)
	hostspec(t, "init", "--suite", "web", dir).run().wants(t, 2, "has a suite web already; nothing was written")
	a := hostspec(t, "init", "--suite", "Data_base.2", dir).run()
	a.wants(t, 2, "is there already and is not changed; nothing was written", "paste this at its end:\n\n  Data_base.2:\n")
	g.Expect(read(t, file)).To(Equal(before))
	_, paste, _ := strings.Cut(a.stderr, "at its end:\n\n")
	write(t, file, before+paste)
	c, err = loop.Load(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Suites).To(HaveLen(2))
	g.Expect(c.Suites[1].Specs).To(Equal([]string{filepath.Join(dir, "spec", "...")}))
	hostspec(t, "init", "--suite", "web server", dir).run().wants(t, 2, `--suite: suite "web server": a name has letters`)
}

// Where there are no specs yet, they are started, too; or nothing is.
func TestInitSuiteAndSpecs(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	hostspec(t, "init", "--suite", "null").in(dir).with("GOPROXY=off").run().wants(t, 0, "wrote spec/suite_test.go", "wrote hostspec.yaml")
	c, err := loop.Load(filepath.Join(dir, "hostspec.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Suites[0].Name).To(Equal("null"))
	other := t.TempDir()
	write(t, filepath.Join(other, "hostspec.yaml"), "")
	hostspec(t, "init", "--suite", "web", other).run().wants(t, 2, "is not changed")
	g.Expect(tree(t, other)).To(Equal([]string{"hostspec.yaml"}))
}

// Each line that is commented out is right as soon as the # is taken away, and
// together they are all the keys there are.
func TestInitSuiteCommentsAreRight(t *testing.T) {
	g := NewWithT(t)
	dir := specsIn(t)
	for _, d := range []string{"manifests"} {
		g.Expect(os.Mkdir(filepath.Join(dir, d), 0o777)).To(Succeed())
	}
	write(t, filepath.Join(dir, "Dockerfile"), "")
	hostspec(t, "init", "--suite", "Web_1", dir).run().wants(t, 0)
	file := filepath.Join(dir, "hostspec.yaml")
	lines := strings.Split(read(t, file), "\n")
	comment := regexp.MustCompile(`^    # (([a-z]+): [^A-Z].*[^,.]|([a-z]+): .*\})$`)
	base := []string{"image", "dockerfile", "target"}
	var keys []string
	for i, line := range lines {
		if m := regexp.MustCompile(`^    ([a-z]+): `).FindStringSubmatch(line); m != nil {
			keys = append(keys, m[1])
		}
		m := comment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		key, _, _ := strings.Cut(m[1], ":")
		keys = append(keys, key)
		var changed []string
		for j, other := range lines {
			name, _, _ := strings.Cut(strings.TrimSpace(other), ":")
			switch {
			case j == i:
				changed = append(changed, "    "+m[1])
			case name == key || slices.Contains(base, key) && slices.Contains(base, name):
			default:
				changed = append(changed, other)
			}
		}
		write(t, file, strings.Join(changed, "\n"))
		_, err := loop.Load(file)
		g.Expect(err).NotTo(HaveOccurred(), "%s", line)
	}
	slices.Sort(keys)
	g.Expect(slices.Compact(keys)).To(Equal([]string{"boot", "converge", "dockerfile", "env", "ignore", "image", "mount", "promote", "specs", "target"}))
}
