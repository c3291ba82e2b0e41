package ssh_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/ssh"
)

// within is a context that no test should outlive: ten times as long as a quick
// machine may take, since others are slow and busy.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*d)
	t.Cleanup(cancel)
	return ctx
}

func mustOpen(t testing.TB, uri string) backends.Backend {
	t.Helper()
	b, err := backends.Open(within(t, time.Minute), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// output runs words and wants exit 0.
func output(t testing.TB, b backends.Backend, words ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: words, Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		t.Fatalf("start %q: %v", words, err)
	}
	status, err := p.Wait()
	if err != nil || !status.Success() {
		t.Fatalf("%q: %v, %v: %s", words, status, err, stderr.String())
	}
	return stdout.String()
}

func TestConformance(t *testing.T) {
	s := rig.StartSSHD(t)
	for name, user := range map[string]string{"root": rig.NewAccount(t, rig.Root()).Name, "user": rig.NewAccount(t).Name} {
		t.Run(name, func(t *testing.T) {
			open := func(ctx context.Context) (backends.Backend, error) {
				return backends.Open(ctx, s.URI(user))
			}
			opts := backendtest.Options{
				Signals: true,
				Kill:    func(context.Context) error { s.DropConnections(); return nil },
				Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
					return new(net.ListenConfig).Listen(ctx, network, address)
				},
			}
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
		})
	}
}
