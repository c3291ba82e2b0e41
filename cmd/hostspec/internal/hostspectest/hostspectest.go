// Package hostspectest builds the hostspec command for the tests of a package, and
// runs commands for them.
package hostspectest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

// Binary is hostspec itself, built by Main.
var Binary string

// Main builds hostspec once, runs the tests of a package, and exits.
func Main(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hostspec-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// New modules have no sums yet, and offline nobody can vouch for them.
	os.Setenv("GONOSUMDB", "*")
	if err := compileOnce(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	Binary = filepath.Join(dir, "hostspec")
	args := append(buildFlags, "-o", Binary, "github.com/hostspec/hostspec/cmd/hostspec")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// compileOnce puts a go command before the real one that compiles specs once for all
// tests, since linking is what takes the most time here, and links without what
// debuggers want: those of testdata, and those of the copies of an example, which are
// the same specs where their text is the same. A program with the race detector in it
// is not to sleep at its end.
func compileOnce(dir string) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	path, kept := filepath.Join(dir, "bin"), filepath.Join(dir, "kept")
	script := fmt.Sprintf(`#!/bin/sh
real=%s here=%s kept=%s
for package; do :; done
case "$1 $2 $3 $PWD/$package" in
"test -c -o $here/./testdata/"* | "test -c -o "*/./spec/web) ;;
*) exec "$real" "$@" ;;
esac
out=$4
shift 4
key=$kept/$({ echo "$* $GOOS $GOARCH $GOFLAGS"; cat "$package"/*.go; } | sha256sum | cut -d " " -f 1)
exec 9>"$key.lock" && flock 9 || exit
if ! [ -e "$key" ]; then
	"$real" test -c -o "$key.new" "$@" 9>&- || exit
	mv "$key.new" "$key" || exit
fi
ln "$key" "$out" 2>/dev/null || exec cp "$key" "$out"
`, backends.Quote(goCommand), backends.Quote(here), backends.Quote(kept))
	for _, folder := range []string{path, kept} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(path, "go"), []byte(script), 0o755); err != nil {
		return err
	}
	os.Setenv("PATH", path+":"+os.Getenv("PATH"))
	os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -ldflags=-w"))
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	return nil
}

// Environ is the environment of a call of hostspec, without what that of these tests
// would tell it.
func Environ(cmd *exec.Cmd) []string {
	return slices.DeleteFunc(cmd.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "HOSTSPEC_") || strings.HasPrefix(v, "NO_COLOR=")
	})
}

// Docker runs the Docker client, also when the test's context has ended, and returns
// what it printed.
func Docker(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// ContainersOf are the containers of an image, whether they run or not.
func ContainersOf(t *testing.T, image string) string {
	t.Helper()
	return Docker(t, "", "ps", "--all", "--quiet", "--filter", "ancestor="+image)
}

// WantNoContainerOf fails the test where a container of an image is left.
func WantNoContainerOf(t *testing.T, image string) {
	t.Helper()
	if left := ContainersOf(t, image); left != "" {
		t.Errorf("containers of %s are left: %s", image, left)
	}
}
