package match

import (
	"fmt"
	"strconv"

	"github.com/onsi/gomega/types"
)

// a matcher that is told by one function.
type simple struct {
	Matcher
	match func(m *Matcher, subject any) (bool, error)
}

// Match implements types.GomegaMatcher.
func (s *simple) Match(subject any) (bool, error) { return s.match(&s.Matcher, subject) }

// That makes a matcher that holds where a method of the subject, the one method of the
// interface S, returns true.
func That[S any](constructor, wanted string, method func(S) (bool, error)) types.GomegaMatcher {
	return &simple{New(constructor, wanted), func(m *Matcher, subject any) (bool, error) {
		return Ask(m, subject, method)
	}}
}

// Value makes a matcher that holds where what a method of the subject returns equals want,
// or satisfies want, a Gomega matcher. In its text want follows what: "have uid".
func Value[S any, V comparable](constructor, what string, want any, method func(S) (V, error)) types.GomegaMatcher {
	e, wrong := equals[V](want)
	return &simple{New(constructor, what+" "+e.text), func(m *Matcher, subject any) (bool, error) {
		if wrong != nil {
			return false, m.Mistake(": %w", wrong)
		}
		got, err := Ask(m, subject, method)
		if err != nil {
			return false, err
		}
		return m.compare(e, got)
	}}
}

// Text makes a matcher that holds where a text that a method of the subject returns
// contains want, or satisfies want, a Gomega matcher.
func Text[S any](constructor, what string, want any, method func(S) (string, error)) types.GomegaMatcher {
	e, wrong := contains(want)
	return &simple{New(constructor, what+" "+e.text), func(m *Matcher, subject any) (bool, error) {
		if wrong != nil {
			return false, m.Mistake(": %w", wrong)
		}
		text, err := Ask(m, subject, method)
		if err != nil {
			return false, err
		}
		held, err := m.compare(e, text)
		if err == nil && e.matcher != nil {
			question, _ := methodOf[S]()
			m.point(question, text, e.matcher, held)
		}
		return held, err
	}}
}

// AnyText makes a matcher like that of Text for a method that returns several, one of
// which is to be as wanted.
func AnyText[S any](constructor, what string, want any, method func(S) ([]string, error)) types.GomegaMatcher {
	e, wrong := contains(want)
	return &simple{New(constructor, what+" "+e.text), func(m *Matcher, subject any) (bool, error) {
		if wrong != nil {
			return false, m.Mistake(": %w", wrong)
		}
		texts, err := Ask(m, subject, method)
		if err != nil {
			return false, err
		}
		for _, text := range texts {
			if held, err := m.compare(e, text); err != nil || held {
				return held, err
			}
		}
		return false, nil
	}}
}

// Account makes a matcher about a user or a group, given by its name or by its number. A
// number is asked by the method of ByID where the subject has it, and else by the name
// that its decimal digits are.
func Account[ByName, ByID any](constructor, what string, who any, byName func(ByName, string) (bool, error), byID func(ByID, int) (bool, error)) types.GomegaMatcher {
	digits, wrong := nameOrNumber(who)
	return &simple{New(constructor, what+" "+account(who)), func(m *Matcher, subject any) (bool, error) {
		if wrong != nil {
			return false, m.Mistake(": %w", wrong)
		}
		return Ask(m, subject, func(s ByName) (bool, error) {
			id, isNumber := who.(int)
			if n, ok := any(s).(ByID); ok && isNumber {
				return byID(n, id)
			}
			return byName(s, digits)
		})
	}}
}

// account names an account or a group as an author gave it: a text of digits is a name,
// and not the number.
func account(v any) string {
	s, ok := v.(string)
	if !ok || isNumber(s) {
		return shown(v)
	}
	return s
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// nameOrNumber is the name of a user or group, or its number as decimal digits.
func nameOrNumber(who any) (string, error) {
	switch who := who.(type) {
	case string:
		if who == "" {
			return "", fmt.Errorf("the name is empty")
		}
		return who, nil
	case int:
		if who < 0 {
			return "", fmt.Errorf("%d is not a valid number of a user or group", who)
		}
		return strconv.Itoa(who), nil
	}
	return "", fmt.Errorf("want a name or a number, not %T", who)
}
