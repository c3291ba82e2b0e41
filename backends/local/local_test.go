package local

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
)

func open(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, "local://") }

func TestConformance(t *testing.T) {
	opts := backendtest.Options{Signals: true, TempDir: t.TempDir(), Listen: new(net.ListenConfig).Listen}
	for _, check := range backendtest.Checks() {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, opts)
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
