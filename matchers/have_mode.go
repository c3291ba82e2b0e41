package matchers

import (
	"fmt"
	"strconv"
)

type haveMode struct {
	matcher
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
func HaveMode(mode int) *haveMode {
	return &haveMode{matcher: matcher{constructor: "HaveMode", wanted: fmt.Sprintf("have mode %04o", mode)}, mode: mode}
}

// Match implements types.GomegaMatcher.
func (m *haveMode) Match(actual any) (bool, error) {
	if m.mode < 0 || m.mode > 0o7777 {
		return false, mistake("HaveMode: want a number between 0 and 0o7777, not %d", m.mode)
	}
	s, err := subject[interface{ Mode() (int, error) }](&m.matcher, actual, "Mode() (int, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "Mode", s.Mode)
	if err != nil {
		return false, err
	}
	if meant, err := strconv.ParseInt(strconv.Itoa(m.mode), 8, 32); err == nil && int(meant) == got && got != m.mode {
		m.last.Near = fmt.Sprintf("%d is not octal; write HaveMode(0o%d)", m.mode, m.mode)
	}
	return got == m.mode, nil
}
