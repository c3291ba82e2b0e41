package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sum runs packages of the sample module by the real go test.
func sum(t *testing.T, ci bool, listed map[string]bool, packages ...string) (good bool, out string) {
	t.Helper()
	var b strings.Builder
	s := newSummary(&b)
	err := s.goTest(t.Context(), filepath.Join("testdata", "sample"), append([]string{"-count=1"}, packages...)...)
	good = s.close(err, listed, ci)
	return good, b.String()
}

func TestSummary(t *testing.T) {
	docker, both := map[string]bool{"docker": true}, map[string]bool{"docker": true, "": true}
	for name, c := range map[string]struct {
		ci       bool
		listed   map[string]bool
		packages []string
		good     bool
		last     string
		texts    []string
	}{
		"pass": {false, nil, []string{"./good", "./empty"}, true, "tests: 2 passed, 0 failed, 2 skipped",
			[]string{"ok  \tsample/good", "skipped 1: docker\n", "no docker\n", "    start it\n", "skipped 1: without rig.Skip\n", "not today"}},
		"CI wants listed skips": {true, docker, []string{"./good"}, false, "tests: 2 passed, 0 failed, 2 skipped",
			[]string{"skipped 1: docker\n", "skipped 1: without rig.Skip, NOT LISTED in .ci/skips\n"}},
		"CI with listed skips": {true, both, []string{"./good"}, true, "tests: 2 passed, 0 failed, 2 skipped", nil},
		"fail": {false, nil, []string{"./bad"}, false, "tests: 1 passed, 2 failed, 0 skipped",
			[]string{"one is not two", "--- FAIL: TestFail/sub", "FAIL\tsample/bad"}},
		"death outside of tests": {false, nil, []string{"./panics", "./good"}, false, "tests: 3 passed, 1 failed, 2 skipped",
			[]string{"the cleanup failed"}},
		"death beside a failure": {false, nil, []string{"./panics", "./bad"}, false, "tests: 2 passed, 3 failed, 0 skipped", nil},
		"wrong flag":             {false, nil, []string{"-parallel=x"}, false, "tests: 0 passed, 1 failed, 0 skipped", []string{"-parallel"}},
		"no build": {false, nil, []string{"./nobuild", "./good"}, false, "tests: 2 passed, 1 failed, 2 skipped",
			[]string{"cannot use \"text\"", "FAIL\tsample/nobuild [build failed]"}},
		"no such package": {false, nil, []string{"./missing"}, false, "tests: 0 passed, 1 failed, 0 skipped", []string{"missing"}},
		"nothing":         {false, nil, []string{"./empty"}, false, "tests: 0 passed, 0 failed, 0 skipped", []string{"nothing passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			good, out := sum(t, c.ci, c.listed, c.packages...)
			if good != c.good {
				t.Errorf("good is %v", good)
			}
			if !strings.HasSuffix(out, "\n"+c.last+"\n") {
				t.Errorf("the last line is not %q", c.last)
			}
			for _, text := range c.texts {
				if !strings.Contains(out, text) {
					t.Errorf("%q is missing", text)
				}
			}
			if strings.Contains(out, "secret") {
				t.Error("the output of a passing test is shown")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func TestSkipsFileWantsReasons(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skips")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# comment\n\ndocker: it is not there\n")
	if listed, err := readSkips(file); err != nil || len(listed) != 1 || !listed["docker"] {
		t.Errorf("%v, %v", listed, err)
	}
	write("docker\n")
	if _, err := readSkips(file); err == nil || !strings.Contains(err.Error(), "no reason") {
		t.Errorf("got %v", err)
	}
}
