package spec

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// defeatCache makes `go test` forget the result of this run. cmd/go caches what
// passed, and would go on printing "ok (cached)" about a target that has broken
// meanwhile. It caches no result of a test that opened a file "inside the
// module" which is younger than two seconds, judged after the test by the name
// as it was written. So a file of the user's cache folder, dated far into the
// future, is opened by a name that begins in the package's folder and climbs out
// of it again. Nothing is written into the source tree.
func defeatCache() error {
	log := flag.Lookup("test.testlogfile")
	if log == nil || log.Value.String() == "" {
		return nil // nothing is going to be cached
	}
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("where is this package? %w", err)
	}
	up := folder + strings.Repeat("/..", strings.Count(filepath.Clean(folder), "/"))
	var errs []error
	for _, find := range []func() (string, error){futureFile, func() (string, error) { return "/proc/self/stat", nil }} {
		name, err := find()
		if err == nil {
			var f *os.File
			if f, err = os.Open(up + name); err == nil {
				return f.Close()
			}
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("`go test` would cache the result of these specs though the target may change; run it with -count=1 (%w)", errors.Join(errs...))
}

// futureFile returns a file that is always younger than any run.
func futureFile() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "hostspec")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "never-cache-test-results")
	future := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	if info, err := os.Stat(name); err == nil && info.ModTime().Equal(future) {
		return name, nil
	}
	if err := os.WriteFile(name, []byte("Specs of infrastructure open this file so that go test does not cache their results.\n"), 0o644); err != nil {
		return "", err
	}
	return name, os.Chtimes(name, future, future)
}
