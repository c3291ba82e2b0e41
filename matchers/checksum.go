package matchers

import (
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec/wording"
)

// A checksum compares one that a method of S returns with one that has as many
// hexadecimal digits.
type checksum[S any] struct {
	match.Matcher
	want   string
	digits int
	method func(S) (string, error)
}

func haveChecksum[S any](constructor, algorithm, want string, digits int, method func(S) (string, error)) types.GomegaMatcher {
	return &checksum[S]{match.New(constructor, "have "+algorithm+" "+want), want, digits, method}
}

// Match implements types.GomegaMatcher.
func (m *checksum[S]) Match(subject any) (bool, error) {
	if len(m.want) != m.digits || strings.Trim(m.want, "0123456789abcdefABCDEF") != "" {
		return false, m.Mistake(": want %d hexadecimal digits, not %s", m.digits, wording.Value(m.want))
	}
	got, err := match.Ask(&m.Matcher, subject, m.method)
	return err == nil && strings.EqualFold(got, m.want), err
}
