package rig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Skip skips a test, and is the only way a test of hostspec is skipped. The key is
// one word that names the reason, such as "docker"; the text says what is missing
// and how to get it. With CI=true the test fails instead, unless the key is listed
// in .ci/skips.
func Skip(tb testing.TB, key, text string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		root, err := moduleRoot()
		must(tb, err)
		list, err := os.ReadFile(filepath.Join(root, ".ci", "skips"))
		must(tb, err)
		if !listed(string(list), key) {
			tb.Fatalf("with CI=true this test may not be skipped, since %q is not listed in .ci/skips: %s", key, text)
		}
	}
	tb.Skipf("[%s] %s", key, text)
}

// NotQuick leaves a test out of a quick run, which has neither root, nor an engine of
// containers, nor more than seconds: what needs a machine, or asks real tools thousands of
// times. go test -short makes it one.
func NotQuick(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		Skip(tb, "quick", "it is left out of a quick run")
	}
}

// listed reports whether a list of skips, each "key: reason" on a line, has the key.
func listed(list, key string) bool {
	for line := range strings.Lines(list) {
		k, reason, _ := strings.Cut(line, ":")
		if k == key && strings.TrimSpace(reason) != "" {
			return true
		}
	}
	return false
}
