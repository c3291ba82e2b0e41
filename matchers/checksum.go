package matchers

import (
	"strings"
)

// matchChecksum asks a checksum and compares it with one that has as many
// hexadecimal digits.
func (m *matcher) matchChecksum(actual any, question string, method func() (string, error), want string, digits int) (bool, error) {
	if len(want) != digits || strings.Trim(want, "0123456789abcdefABCDEF") != "" {
		return false, mistake("%s: want %d hexadecimal digits, not %s", m.constructor, digits, shown(want))
	}
	got, err := ask(m, actual, question, method)
	return err == nil && strings.EqualFold(got, want), err
}
