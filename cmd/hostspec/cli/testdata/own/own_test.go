// Package own_test brings a backend of its own, as people's specs may.
package own_test

import (
	"context"
	"testing"

	"github.com/hostspec/hostspec/backends"
	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func init() {
	backends.Register("twin", backends.Driver{Options: []string{"of"}, Open: func(ctx context.Context, _ *backends.URI) (backends.Backend, error) {
		return backends.Open(ctx, "local://")
	}})
}

func Test(t *testing.T) { Run(t, "own") }

var _ = Command("echo hello").Should(ExitWith(0), HaveStdout("hello\n"))
