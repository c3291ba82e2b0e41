package matchers_test

import (
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	. "github.com/hostspec/hostspec/matchers"
)

// A lenient subject has whatever mode and level it is asked about.
type lenient int

func (l lenient) ExitCode() (int, error)         { return int(l), nil }
func (l lenient) Mode() (int, error)             { return int(l), nil }
func (lenient) EnabledAtLevel(int) (bool, error) { return true, nil }
func (lenient) Enabled() (bool, error)           { return true, nil }
func (lenient) Content() (string, error)         { return "100 (a", nil }
func (lenient) Count() (int, error)              { return 3, nil }

func TestBoundsOfArguments(t *testing.T) {
	g := NewWithT(t)
	for _, mode := range []int{0, 0o7777} {
		g.Expect(HaveMode(mode).Match(lenient(mode))).To(BeTrue(), "%o", mode)
	}
	for _, code := range []int{0, 255} {
		g.Expect(ExitWith(code).Match(lenient(code))).To(BeTrue(), "%d", code)
	}
	for level, ok := range map[int]bool{-1: false, 0: true, 6: true, 7: false} {
		_, err := BeEnabled().WithLevel(level).Match(lenient(0))
		g.Expect(err == nil).To(Equal(ok), "level %d: %v", level, err)
	}
	g.Expect(HaveCount(3).Match(lenient(0))).To(BeTrue())
	failure := HaveCount(4).FailureMessage(lenient(0))
	g.Expect(failure).To(ContainSubstring("have count 4"))
}

// What package fmt makes of an expression is what has to be one.
func TestExpressionsWithArguments(t *testing.T) {
	g := NewWithT(t)
	for _, c := range []struct {
		matcher interface{ Match(any) (bool, error) }
		mistake bool
	}{
		{HaveContent(MatchRegexp(`^%d`, 100)), false},
		{HaveContent(MatchRegexp(`100.*%?`)), false},
		{HaveContent(MatchRegexp(`%s`, "(")), true},
		{HaveContent(And(MatchRegexp(`1`), MatchRegexp(`(`))), true},
		{HaveContent(Or(MatchRegexp(`1`), Not(MatchRegexp(`2`)))), false},
	} {
		_, err := c.matcher.Match(lenient(0))
		g.Expect(err != nil && strings.Contains(err.Error(), "missing closing")).To(Equal(c.mistake), "%v", err)
	}
}

// A silent subject has a content that nobody can read.
type silent int

func (silent) Content() (string, error) { return "", errors.New("nothing is known") }

// A content that is found need not be searched by the subject itself, and a mistake is one
// also where nothing is found.
func TestContentOfAnySubject(t *testing.T) {
	g := NewWithT(t)
	g.Expect(HaveContent("00 (a").Match(lenient(0))).To(BeTrue())
	g.Expect(HaveContent("(b").Match(lenient(0))).To(BeFalse())
	_, err := HaveContent("(b").Match(silent(0))
	g.Expect(err).To(MatchError("nothing is known"))
	for _, bad := range []types.GomegaMatcher{
		MatchRegexp(`(`), MatchRegexp(`%s`, "("), Not(MatchRegexp(`(`)), And(MatchRegexp(`1`), MatchRegexp(`(`)), Or(MatchRegexp(`1`), MatchRegexp(`(`)),
	} {
		_, err := HaveContent(bad).Match(silent(0))
		g.Expect(err).To(MatchError(ContainSubstring("missing closing")), "%#v", bad)
	}
}
