package backends_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// panics returns what f panics with.
func panics(f func()) (with any) {
	defer func() { with = recover() }()
	f()
	return nil
}

func TestRegisterPanics(t *testing.T) {
	for name, register := range map[string]func(){
		"without Open": func() { backends.Register("openless", backends.Driver{}) },
		"called twice for scheme plain": func() {
			backends.Register("plain", backends.Driver{Open: func(context.Context, *backends.URI) (backends.Backend, error) { return nil, nil }})
		},
	} {
		text, _ := panics(register).(string)
		if !strings.Contains(text, name) {
			t.Errorf("expected a panic that says %q, found %q", name, text)
		}
	}
	if slices.Contains(backends.Schemes(), "openless") {
		t.Error("expected a driver without Open not to be registered")
	}
}

func TestSchemes(t *testing.T) {
	schemes := backends.Schemes()
	if !slices.IsSorted(schemes) || !slices.Contains(schemes, "plain") {
		t.Errorf("expected the sorted schemes with plain, found %q", schemes)
	}
}

func TestOpen(t *testing.T) {
	if _, err := backends.Open(t.Context(), "plain://web1"); !errors.Is(err, errOpened) {
		t.Errorf("expected the driver's own error, found %v", err)
	}
	if _, err := backends.Open(t.Context(), "telnet://web1"); err == nil || !strings.Contains(err.Error(), "unknown scheme") {
		t.Errorf("expected the scheme to be unknown, found %v", err)
	}
	u := &backends.URI{Scheme: "telnet", Rest: "web1"}
	if _, err := u.Open(t.Context()); err == nil || !strings.Contains(err.Error(), `target "telnet://web1": unknown scheme "telnet"`) {
		t.Errorf("expected the scheme to be unknown, found %v", err)
	}
}

// A target that does not answer is given up after the connect timeout.
func TestOpenTimesOut(t *testing.T) {
	backends.Register("silent", backends.Driver{Open: func(ctx context.Context, u *backends.URI) (backends.Backend, error) {
		<-ctx.Done()
		return nil, &backends.UnreachableError{Target: u.String(), Tried: "dial", Err: context.Cause(ctx), Advice: "wake it"}
	}})
	_, err := backends.Open(t.Context(), "silent://web1?connect_timeout=1ms")
	const want = "silent://web1 is UNREACHABLE: dial: no answer within 1ms\nwake it"
	if err == nil || err.Error() != want {
		t.Errorf("expected %q, found %v", want, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	u := &backends.URI{Scheme: "silent", ConnectTimeout: time.Hour}
	if _, err := u.Open(ctx); !errors.Is(err, stop) {
		t.Errorf("expected the caller's own cause, found %v", err)
	}
}

func TestStatus(t *testing.T) {
	for want, s := range map[string]backends.Status{
		"exit 0":            {},
		"exit 3":            {Code: 3},
		"killed by SIGKILL": {Code: 137, Signal: "KILL"},
		"killed by SIGODD":  {Signal: "ODD"},
	} {
		if s.String() != want || s.Success() != (want == "exit 0") {
			t.Errorf("expected %q, found %q, success %v", want, s, s.Success())
		}
	}
}

func TestNoStatusError(t *testing.T) {
	for want, err := range map[string]error{
		"the process ended without an exit status":              &backends.NoStatusError{},
		"the process ended without an exit status: no children": &backends.NoStatusError{Reason: "no children"},
	} {
		if err.Error() != want {
			t.Errorf("expected %q, found %q", want, err)
		}
	}
}
