package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the machine that the tests of one package use together. A test
// binary is one process, so this is as far as it reaches.
var shared struct {
	sync.Mutex
	// dir is set while Main runs.
	dir     string
	machine *Machine
	err     error
}

// Main runs a package's tests and then removes the machine they shared. A
// package that uses SharedMachine has
//
//	func TestMain(m *testing.M) { rig.Main(m) }
//
// It does not return.
func Main(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test rig:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "hostspec-rig-")
	if err != nil {
		return 1, err
	}
	shared.dir = dir
	code = m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.machine != nil {
		err = shared.machine.remove(context.Background())
	}
	return code, errors.Join(err, os.RemoveAll(dir))
}

// SharedMachine returns the machine that all tests of the package share. The
// first call boots it, and Main removes it. A test that changes it puts it back,
// or touches only what is its own.
func SharedMachine(tb testing.TB) *Machine {
	tb.Helper()
	needDocker(tb)
	shared.Lock()
	defer shared.Unlock()
	if shared.dir == "" {
		tb.Fatal("rig.SharedMachine needs func TestMain(m *testing.M) { rig.Main(m) } in this package")
	}
	if shared.machine == nil && shared.err == nil {
		// It outlives the test that happens to come first.
		shared.machine, shared.err = start(context.WithoutCancel(tb.Context()), shared.dir, nil)
	}
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.machine
}
