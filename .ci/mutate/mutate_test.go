package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tiny is a package, with what becomes of each of its mutants as a comment of the line.
var tiny = map[string]string{
	"go.mod": "module tiny\n\ngo 1.26\n",
	"tiny.go": `package tiny

import "time"

const limit = 2 + 3

func Larger(a, b int) int {
	if a > b { // CONDITIONALS_NEGATION KILLED, CONDITIONALS_BOUNDARY LIVED
		return a
	}
	return b
}

func Sum(list []int) (sum int) {
	for i := 0; i < len(list); i++ { // CONDITIONALS_NEGATION KILLED, CONDITIONALS_BOUNDARY KILLED, INCREMENT_DECREMENT KILLED
		sum = sum + list[i] // ARITHMETIC_BASE KILLED
	}
	return sum
}

func Name(a, b string) string {
	return a + "." + b
}

func Until(t time.Time) time.Duration {
	return -(time.Since(t) + limit) // INVERT_NEGATIVES NOT COVERED, ARITHMETIC_BASE NOT COVERED
}

func Inside(n int) bool {
	return 0 <= n && n < len([3 + 2]int{}) // CONDITIONALS_NEGATION KILLED, CONDITIONALS_BOUNDARY LIVED, CONDITIONALS_NEGATION KILLED, CONDITIONALS_BOUNDARY LIVED
}
`,
	"more.go": `package tiny

func Same(a, b int) bool {
	return a == b // CONDITIONALS_NEGATION NOT COVERED
}
`,
	"tiny_test.go": `package tiny

import (
	"os"
	"testing"
	"time"
)

func TestLarger(t *testing.T) {
	if testing.Short() {
		return
	}
	if Larger(1, 2) != 2 || Larger(2, 1) != 2 || Larger(2, 2) != 2 {
		t.Fatal()
	}
}

func TestSum(t *testing.T) {
	if Sum([]int{1, 2, 3}) != 6 {
		t.Fatal()
	}
}

func TestInside(t *testing.T) {
	if !Inside(1) || Inside(-1) || Inside(7) {
		t.Fatal()
	}
}

func TestNeverEnds(t *testing.T) {
	if os.Getenv("MUTANT") == "that hangs" {
		time.Sleep(time.Hour)
	}
}

// A test that always fails would notice everything.
func TestFails(t *testing.T) {
	t.Fatal(Same(1, 1))
}
`}

// inTiny makes the package and enters its folder.
func inTiny(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range tiny {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// comments are what files say of their mutants, a line each.
func comments(files ...string) (all []string) {
	for _, name := range files {
		for i, line := range strings.Split(tiny[name], "\n") {
			_, comment, _ := strings.Cut(line, " // ")
			for mutant := range strings.SplitSeq(comment, ", ") {
				if mutant != "" {
					all = append(all, fmt.Sprintf("%s:%d %s", name, i+1, mutant))
				}
			}
		}
	}
	return all
}

// reportOf is what mutate writes of the package, in the same lines.
func reportOf(t *testing.T) (all []string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.json")
	if err := mutate(".", name); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r map[string][]file
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, f := range r["files"] {
		for _, m := range f.Mutations {
			all = append(all, fmt.Sprintf("%s:%d %s %s", filepath.Base(f.Name), m.Line, m.Type, m.Status))
		}
	}
	return all
}

func TestMutate(t *testing.T) {
	inTiny(t)
	for pattern, want := range map[string][]string{"": comments("more.go", "tiny.go"), "mor*.go": comments("more.go")} {
		*only = pattern
		got := reportOf(t)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("-only %q: got\n%s\nwant\n%s", pattern, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	*only = ""
	for _, name := range slices.Sorted(maps.Keys(tiny)) {
		if text, err := os.ReadFile(name); err != nil || string(text) != tiny[name] {
			t.Errorf("%s is not as it was: %v\n%s", name, err, text)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != len(tiny) {
		t.Errorf("%v are left in the folder (%v)", left, err)
	}
}

// Tests that are left out reach nothing, and where none is left nothing can be said.
func TestMutate_LeavesTestsOut(t *testing.T) {
	inTiny(t)
	t.Cleanup(func() { *skip, *short = "", false })
	*skip, *short = "TestSum", true // TestLarger is not for a quick run
	reached := slices.DeleteFunc(reportOf(t), func(line string) bool { return strings.HasSuffix(line, " NOT COVERED") })
	inside := slices.DeleteFunc(comments("tiny.go"), func(line string) bool { return !strings.HasPrefix(line, "tiny.go:30 ") })
	if !slices.Equal(reached, inside) {
		t.Errorf("TestInside alone reaches\n%s\nwant\n%s", strings.Join(reached, "\n"), strings.Join(inside, "\n"))
	}
	if err := os.WriteFile("tiny_test.go", []byte("package tiny\n\nimport \"testing\"\n\nfunc TestFails(t *testing.T) { t.Fatal() }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := mutate(".", "report.json"); err == nil || !strings.Contains(err.Error(), "no test of . passes") {
		t.Errorf("where all tests fail: %v", err)
	}
}

// The tests of a package may be in another one.
func TestMutate_ByOtherTests(t *testing.T) {
	inTiny(t)
	if err := os.Mkdir("user", 0o777); err != nil {
		t.Fatal(err)
	}
	text := `package user

import (
	"os"
	"testing"

	"tiny"
)

func TestSame(t *testing.T) {
	if _, err := os.Stat("user_test.go"); err != nil || !tiny.Same(1, 1) || tiny.Same(1, 2) {
		t.Fatal(err)
	}
}
`
	if err := os.WriteFile("user/user_test.go", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { *by, *only = "", "" })
	*by, *only = "user", "more.go"
	if got, want := reportOf(t), []string{"more.go:4 CONDITIONALS_NEGATION KILLED"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A mutant that makes a test hang was noticed, but the tests did not say so.
func TestMutate_EndsTestsThatHang(t *testing.T) {
	inTiny(t)
	pkg, err := load(".")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if _, err := pkg.build(work, "."); err != nil {
		t.Fatal(err)
	}
	b := binary{path: filepath.Join(work, "package.test"), dir: "."}
	if got := b.run("that hangs", []string{"TestNeverEnds"}, time.Second); got != "TIMED OUT" {
		t.Errorf("a test without end: %s", got)
	}
}
