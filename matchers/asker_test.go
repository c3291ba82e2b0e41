package matchers_test

import (
	"context"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/local"
	_ "github.com/hostspec/hostspec/backends/ssh"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

func TestMain(m *testing.M) { rig.Main(m) }

// askerFor opens a target for the length of a test.
func askerFor(t *testing.T, uri string) *resourcetest.Target {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Minute)
	target, err := resourcetest.Open(ctx, uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Errorf("close %s: %v", uri, err)
		}
		cancel()
	})
	return target
}
