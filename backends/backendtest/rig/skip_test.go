package rig

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A tester is a test that says how it ended.
type tester struct {
	testing.TB
	ended string
}

func (r *tester) Helper() {}

func (r *tester) Skipf(format string, args ...any) { r.end("skipped: "+format, args) }

func (r *tester) Fatalf(format string, args ...any) { r.end("failed: "+format, args) }

// end keeps the first end: unlike a real test, this one goes on.
func (r *tester) end(format string, args []any) {
	if r.ended == "" {
		r.ended = fmt.Sprintf(format, args...)
	}
}

func TestSkip(t *testing.T) {
	for _, test := range []struct{ ci, key, want string }{
		{"", "docker", "skipped: [docker] it is missing"},
		{"true", "docker", "failed: "},
		{"true", "npm", "skipped: [npm] it is missing"},
		{"true", "np", "failed: "},
	} {
		t.Setenv("CI", test.ci)
		r := &tester{TB: t}
		Skip(r, test.key, "it is missing")
		if !strings.HasPrefix(r.ended, test.want) {
			t.Errorf("CI=%q, key %q: %q, want %q", test.ci, test.key, r.ended, test.want)
		}
	}
}

// Each skip goes through Skip, so that none is silent. Tests that are data of other
// tests, and specs, may skip as they like.
func TestNoTestSkipsInAnotherWay(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`\b(t|tb|f|b|tt)\.(Skip|Skipf|SkipNow)\(`)
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		if at := other.FindIndex(text); at != nil {
			t.Errorf("%s:%d skips without rig.Skip", name, 1+strings.Count(string(text[:at[0]]), "\n"))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
