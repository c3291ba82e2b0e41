package wording_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gcustom"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/wording"
)

type odd struct {
	Limit  int
	hidden string
	state  []string
}

func (odd) Match(any) (bool, error)          { return true, nil }
func (odd) FailureMessage(any) string        { return "" }
func (odd) NegatedFailureMessage(any) string { return "" }

func even(n int) bool { return n%2 == 0 }

type level uint8

func TestWording(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		m            types.GomegaMatcher
		should, that string
	}{
		{MatchRegexp("^PermitRootLogin no$"), `match "^PermitRootLogin no$"`, `matching "^PermitRootLogin no$"`},
		{MatchRegexp("^%s\\d+", "a"), `match "^a\\d+"`, `matching "^a\\d+"`},
		{ContainSubstring("x"), `contain substring "x"`, `containing "x"`},
		{HavePrefix("a"), `have prefix "a"`, `with prefix "a"`},
		{HaveSuffix("deb12u3"), `have suffix "deb12u3"`, `with suffix "deb12u3"`},
		{Equal(5), "equal 5", "equal to 5"},
		{Equal("5"), `equal "5"`, `equal to "5"`},
		{Equal(int64(5)), "equal int64(5)", "equal to int64(5)"},
		{Equal(level(5)), "equal wording_test.level(5)", "equal to wording_test.level(5)"},
		{Equal([]string{"a", "b"}), `equal ["a", "b"]`, `equal to ["a", "b"]`},
		{Equal(90 * time.Second), "equal 1m30s", "equal to 1m30s"},
		{Equal(map[string]any{"b": 1, "a": nil}), `equal {"a": nil, "b": 1}`, `equal to {"a": nil, "b": 1}`},
		{Equal(&struct{ A, b int }{1, 2}), "equal struct { A int; b int }{A: 1, b: 2}", "equal to struct { A int; b int }{A: 1, b: 2}"},
		{BeNumerically(">=", 3), "be >= 3", ">= 3"},
		{BeNumerically("~", 3.5, 0.1), "be ~ 3.5 within 0.1", "~ 3.5 within 0.1"},
		{BeTemporally("<", at), "be < 2024-02-29T12:00:00Z", "< 2024-02-29T12:00:00Z"},
		{BeTemporally("~", at, time.Minute), "be ~ 2024-02-29T12:00:00Z within 1m0s", "~ 2024-02-29T12:00:00Z within 1m0s"},
		{And(BeNumerically(">", 3), BeNumerically("<", 9)), "be > 3 and be < 9", "> 3 and < 9"},
		{Or(Equal(1), Equal(2), Equal(3)), "equal 1, equal 2 or equal 3", "equal to 1, equal to 2 or equal to 3"},
		{SatisfyAny(And(Equal(1), Equal(2)), Equal(3)), "(equal 1 and equal 2) or equal 3", "(equal to 1 and equal to 2) or equal to 3"},
		{Not(ContainSubstring("x")), `not contain substring "x"`, `not containing "x"`},
		{Not(Or(Equal(1), Equal(2))), "not (equal 1 or equal 2)", "not (equal to 1 or equal to 2)"},
		{HaveLen(3), "have length 3", "with length 3"},
		{BeEmpty(), "be empty", "that is empty"},
		{BeTrue(), "be true", "that is true"},
		{BeNil(), "be nil", "that is nil"},
		{BeZero(), "be zero", "that is zero"},
		{ConsistOf("a", "b"), `consist of ["a", "b"]`, `consisting of ["a", "b"]`},
		{ConsistOf([]string{"a"}), `consist of ["a"]`, `consisting of ["a"]`},
		{ContainElement("a"), `contain element "a"`, `containing element "a"`},
		{ContainElement(HavePrefix("a")), `contain element what should have prefix "a"`, `containing element what should have prefix "a"`},
		{ContainElements("a", 1), `contain elements ["a", 1]`, `containing elements ["a", 1]`},
		{HaveExactElements("a"), `have exactly the elements ["a"]`, `with exactly the elements ["a"]`},
		{HaveEach("a"), `have each "a"`, `with each "a"`},
		{HaveKey("a"), `have key "a"`, `with key "a"`},
		{HaveKeyWithValue("a", 1), `have key "a" with value 1`, `with key "a" with value 1`},
		{HaveField("Port", BeNumerically(">", 1)), "have field Port that should be > 1", "with field Port that should be > 1"},
		{BeElementOf(1, 2), "be one of [1, 2]", "that is one of [1, 2]"},
		{MatchJSON(`{"a": 1}`), `match JSON "{\"a\": 1}"`, `matching JSON "{\"a\": 1}"`},
		{MatchYAML(`a: 1`), `match YAML "a: 1"`, `matching YAML "a: 1"`},
		{MatchError("no"), `match error "no"`, `matching error "no"`},
		{MatchError(os.ErrNotExist), `match error "file does not exist"`, `matching error "file does not exist"`},
		{BeEquivalentTo(5), "be equivalent to 5", "that is equivalent to 5"},
		{HaveHTTPStatus(200), "have HTTP status [200]", "with HTTP status [200]"},
		{BeAssignableToTypeOf(0), "be assignable to int", "that is assignable to int"},
		{Satisfy(even), "satisfy wording_test.even", "satisfying wording_test.even"},
		{Satisfy(func(int) bool { return true }), "satisfy the function in wording_test.go:84", "satisfying the function in wording_test.go:84"},
		{WithTransform(even, BeTrue()), "become by wording_test.even what should be true", "that should become by wording_test.even what should be true"},
		{HaveOccurred(), "be an error", "that is an error"},
		{Succeed(), "succeed", "that should succeed"},
		{&odd{5, "h", []string{"state"}}, `satisfy wording_test.odd{Limit: 5, hidden: "h"}`, `satisfying wording_test.odd{Limit: 5, hidden: "h"}`},
		{odd{}, "satisfy wording_test.odd{Limit: 0}", "satisfying wording_test.odd{Limit: 0}"},
	} {
		if got := wording.Should(c.m); got != c.should {
			t.Errorf("%T: should %s; want: should %s", c.m, got, c.should)
		}
		if got := wording.That(c.m); got != c.that {
			t.Errorf("%T: content %s; want: content %s", c.m, got, c.that)
		}
	}
}

// TestWording_TellsApart looks at expectations that begin alike.
func TestWording_TellsApart(t *testing.T) {
	long := strings.Repeat("x", 5000)
	many := strings.Split(strings.Repeat("y", 500), "")
	for _, pair := range [][2]types.GomegaMatcher{
		{ContainSubstring(long + "a"), ContainSubstring(long + "b")},
		{Equal(append(many, "a")), Equal(append(many, "b"))},
		{Equal(5), Equal("5")},
		{Equal(uint8(5)), Equal(5)},
		{Equal(""), Equal(nil)},
		{Satisfy(func(int) bool { return true }),
			Satisfy(func(int) bool { return false })},
		{gcustom.MakeMatcher(func(int) (bool, error) { return true, nil }).WithMessage("be small"),
			gcustom.MakeMatcher(func(int) (bool, error) { return true, nil }).WithMessage("be large")},
		{MatchError(errors.New("a")), MatchError(errors.New("b"))},
	} {
		one, other := wording.That(pair[0]), wording.That(pair[1])
		if one == other {
			t.Errorf("both are called %s", one)
		}
		for _, text := range []string{one, other} {
			if strings.Contains(text, "0x") || len(text) > 600 {
				t.Errorf("got %s", text)
			}
		}
	}
}

func TestWording_MasksBeforeItCuts(t *testing.T) {
	const secret = "wording-s3cr3t-of-some-length"
	evidence.Remember(secret)
	for n := range 150 {
		got := wording.That(ContainSubstring(strings.Repeat("x", n) + secret))
		if strings.Contains(got, "wor") || strings.Contains(got, "s3c") {
			t.Errorf("got %s", got)
		}
	}
}
