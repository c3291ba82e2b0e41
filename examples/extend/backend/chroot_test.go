package chroot

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
)

// Whether a backend is right is found out by backendtest, with real processes: exit codes,
// bytes, deadlines, what is killed and what is not. The directory is the machine's own
// root, in which there is all that the checks start.
func TestConformance(t *testing.T) {
	open := func(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, "chroot:/") }
	for _, check := range backendtest.Checks() {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, backendtest.Options{Signals: true, TempDir: t.TempDir()})
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWrongTargets(t *testing.T) {
	if _, err := backends.Parse("chroot:srv"); err == nil || !strings.Contains(err.Error(), "want an absolute path") {
		t.Errorf("got %v", err)
	}
	for target, says := range map[string]string{"chroot:/nonexistent": "no such file or directory", "chroot:/etc/passwd": "is not a directory"} {
		_, err := backends.Open(t.Context(), target)
		var unreachable *backends.UnreachableError
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", target, err)
		}
	}
}
