package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared are the machines that the tests of one package use together, by how they are
// started. A test binary is one process, so this is as far as it reaches.
var shared = struct {
	sync.Mutex
	// dir is set while tests run by way of Main or Tests.
	dir      string
	machines map[string]*sharedMachine
}{machines: map[string]*sharedMachine{}}

type sharedMachine struct {
	*Machine
	err error
}

// Main runs a package's tests and then removes the machines they shared. A
// package that uses SharedMachine has
//
//	func TestMain(m *testing.M) { rig.Main(m) }
//
// It does not return.
func Main(m *testing.M) { os.Exit(Tests{m}.Run()) }

// Tests are a package's tests, for a TestMain that does more than Main does.
type Tests struct{ M *testing.M }

// Run runs the tests, removes the machines they shared, and returns the exit code.
func (t Tests) Run() int {
	code, err := t.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "test rig:", err)
		code = max(code, 1)
	}
	return code
}

func (t Tests) run() (code int, err error) {
	dir, err := os.MkdirTemp("", "hostspec-rig-")
	if err != nil {
		return 1, err
	}
	shared.dir = dir
	code = t.M.Run()
	shared.Lock()
	defer shared.Unlock()
	var errs []error
	for _, m := range shared.machines {
		if m.Machine != nil {
			errs = append(errs, m.remove(context.Background()))
		}
	}
	return code, errors.Join(append(errs, os.RemoveAll(dir))...)
}

// SharedMachine returns the machine that all tests of the package share which start one
// with the same options. The first call boots it, and Main removes it. A test that
// changes it puts it back, or touches only what is its own.
func SharedMachine(tb testing.TB, opts ...Option) *Machine {
	tb.Helper()
	needDocker(tb)
	shared.Lock()
	defer shared.Unlock()
	if shared.dir == "" {
		tb.Fatal("rig.SharedMachine needs func TestMain(m *testing.M) { rig.Main(m) } in this package")
	}
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	key := fmt.Sprintf("%#v", o)
	m := shared.machines[key]
	if m == nil {
		m = &sharedMachine{}
		shared.machines[key] = m
		dir, err := os.MkdirTemp(shared.dir, "machine-")
		if err == nil {
			// It outlives the test that happens to come first.
			m.Machine, err = start(context.WithoutCancel(tb.Context()), dir, opts)
		}
		m.err = err
	}
	if m.err != nil {
		tb.Fatal(m.err)
	}
	return m.Machine
}
