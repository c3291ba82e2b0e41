package matchers

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type exitWith struct {
	match.Matcher
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
func ExitWith(code int) types.GomegaMatcher {
	return &exitWith{match.New("ExitWith", fmt.Sprintf("exit with %d", code)), code}
}

// Match implements types.GomegaMatcher.
func (m *exitWith) Match(subject any) (bool, error) {
	if m.code < 0 || m.code > 255 {
		return false, m.Mistake("(%d): exit codes go from 0 to 255", m.code)
	}
	code, err := match.Ask(&m.Matcher, subject, func(s interface{ ExitCode() (int, error) }) (int, error) {
		if f, ok := s.(interface{ ExitCodeFor(int) (int, error) }); ok {
			return f.ExitCodeFor(m.code)
		}
		return s.ExitCode()
	})
	return code == m.code, err
}
