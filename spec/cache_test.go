package spec_test

import (
	"os"
	"os/exec"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// goTest runs `go test` on a package as a person does.
func goTest(t *testing.T, pkg string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", pkg)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go test %s: %v\n%s", pkg, err, out)
	}
	return string(out)
}

// TestField_NeverCached is `go test` twice: the second run must ask the target
// again. What is relied on is promised nowhere, so that the installed Go is asked
// whether it still holds, with a suite that is longer than the two seconds in
// question.
func TestField_NeverCached(t *testing.T) {
	rig.NotQuick(t)
	g := NewWithT(t)
	goTest(t, "./testdata/plain")
	g.Expect(goTest(t, "./testdata/plain")).To(ContainSubstring("(cached)"), "an ordinary test is cached here, so the next lines prove something")
	for name, env := range map[string][]string{
		"by the file of the user's cache folder": nil,
		"by /proc where that cannot be written":  {"XDG_CACHE_HOME=/dev/null/nowhere", "GOCACHE=" + goEnv(t, "GOCACHE")},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			env = append(env, "SCENARIO=slow")
			g.Expect(goTest(t, "./testdata/scenarios", env...)).To(HavePrefix("ok"))
			again := goTest(t, "./testdata/scenarios", env...)
			g.Expect(again).To(HavePrefix("ok"))
			g.Expect(again).NotTo(ContainSubstring("(cached)"))
		})
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out[:len(out)-1])
}
