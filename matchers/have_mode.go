package matchers

import (
	"fmt"
	"strconv"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

type haveMode struct {
	match.Matcher
	mode int
}

// HaveMode succeeds when the file has these permissions, with the setuid, setgid
// and sticky bits. Go writes octal numbers with 0o.
//
//	File("/etc/shadow").Should(HaveMode(0o640))
//	File("/tmp").Should(HaveMode(0o1777))
//
// The subject needs the method
//
//	Mode() (int, error)
func HaveMode(mode int) types.GomegaMatcher {
	return &haveMode{match.New("HaveMode", fmt.Sprintf("have mode %04o", mode)), mode}
}

// Match implements types.GomegaMatcher.
func (m *haveMode) Match(subject any) (bool, error) {
	if m.mode < 0 || m.mode > 0o7777 {
		return false, m.Mistake(": want a number between 0 and 0o7777, not %d", m.mode)
	}
	got, err := match.Ask(&m.Matcher, subject, func(s interface{ Mode() (int, error) }) (int, error) { return s.Mode() })
	if err != nil {
		return false, err
	}
	if meant, err := strconv.ParseInt(strconv.Itoa(m.mode), 8, 32); err == nil && int(meant) == got && got != m.mode {
		m.Hint(fmt.Sprintf("%d is not octal; write HaveMode(0o%d)", m.mode, m.mode))
	}
	return got == m.mode, nil
}
