package spec_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

// mistakes are the names of testdata/scenarios/mistakes_test.go.
func mistakes(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("testdata/scenarios/mistakes_test.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for i, line := range regexp.MustCompile(`\n`).Split(string(text), -1) {
		if m := regexp.MustCompile(`^\t"([^"]+)": +func\(\)`).FindStringSubmatch(line); m != nil {
			lines[m[1]] = i + 1
		}
	}
	return lines
}

// TestOneLiners_AMistakeIsToldBeforeAnythingIsAsked goes through a target that
// nobody can reach: what was asked would be told as that.
func TestOneLiners_AMistakeIsToldBeforeAnythingIsAsked(t *testing.T) {
	all := mistakes(t)
	if len(all) < 40 {
		t.Fatalf("only %d mistakes were found", len(all))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := runScenario(t, "mistake", "MISTAKE="+name, "-hostspec.target=ssh://root@127.0.0.1:1?ssh_config=none")
			g.Expect(r.code).To(Equal(1))
			g.Expect(r.refused).To(MatchRegexp(`^\S+/mistakes_test\.go:%d: .`, all[name]), r.output)
			g.Expect(r.refused).NotTo(ContainSubstring("127.0.0.1:1"), "it is the same on all targets")
			g.Expect(r.begin).To(BeNil())
			g.Expect(r.results).To(BeEmpty())
		})
	}
}

// Within a running spec a mistake is known only when it is met.
func TestMistakes_WithinASpecAreWrongAnswers(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "mistakes-within", "COUNTER="+filepath.Join(t.TempDir(), "x"))
	g.Expect(r.results).To(HaveLen(5), r.output)
	for _, x := range r.results[:4] {
		g.Expect(x.Outcome).To(Equal(report.Failed), x.Text)
	}
	g.Expect(r.of(t, "is wrong").Message).To(ContainSubstring("70000 is not a port: they go from 1 to 65535"))
	g.Expect(r.of(t, "has no matcher").Message).To(ContainSubstring("nothing is expected of it"))
	g.Expect(r.of(t, "holds").Outcome).To(Equal(report.Passed))
}

// A command of another version is told so before anything is asked.
func TestRefusesACommandOfAnotherVersion(t *testing.T) {
	g := NewWithT(t)
	r := runScenario(t, "passes", fmt.Sprintf("%s=%d", wire.VersionVariable, wire.Version+1))
	g.Expect(r.refused).To(ContainSubstring("do not understand each other (%d and %d)", wire.Version, wire.Version+1))
	g.Expect(r.results).To(BeEmpty())
	g.Expect(r.code).NotTo(BeZero())
	r = runScenario(t, "passes", fmt.Sprintf("%s=%d", wire.VersionVariable, wire.Version))
	g.Expect(r.refused).To(BeEmpty())
	g.Expect(r.called.Version).To(Equal(wire.Version))
}
