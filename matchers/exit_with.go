package matchers

import "fmt"

type exitWith struct {
	matcher
	code int
}

// ExitWith succeeds when the command ends with the exit code.
//
//	Command("systemctl is-system-running").Should(ExitWith(0))
//
// The subject needs the method
//
//	ExitCode() (int, error)
//
// A subject that has ExitCodeFor(code int) (int, error) is told by it which code is asked
// for. To a command of which the shell finds no program, 127 is an answer only then.
func ExitWith(code int) *exitWith {
	return &exitWith{matcher: matcher{constructor: "ExitWith", wanted: fmt.Sprintf("exit with %d", code)}, code: code}
}

// Match implements types.GomegaMatcher.
func (m *exitWith) Match(actual any) (bool, error) {
	if m.code < 0 || m.code > 255 {
		return false, mistake("ExitWith(%d): exit codes go from 0 to 255", m.code)
	}
	s, err := subject[interface{ ExitCode() (int, error) }](&m.matcher, actual, "ExitCode() (int, error)")
	if err != nil {
		return false, err
	}
	exitCode := s.ExitCode
	if f, ok := actual.(interface{ ExitCodeFor(int) (int, error) }); ok {
		exitCode = func() (int, error) { return f.ExitCodeFor(m.code) }
	}
	code, err := ask(&m.matcher, actual, "ExitCode", exitCode)
	return code == m.code, err
}
