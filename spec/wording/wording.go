// Package wording puts Gomega's matchers into words, with what their authors gave
// them: the names of specs and the texts of failures say what was expected, and two
// expectations that differ have two names.
package wording

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/evidence"
)

// Should completes "should": match "^a", equal 5, be >= 3 and be < 9.
func Should(m types.GomegaMatcher) string { return say(m, verb) }

// That completes what a matcher is asked of: content matching "^a", size equal to 5,
// count >= 3 and < 9.
func That(m types.GomegaMatcher) string { return say(m, attribute) }

// A style is how a matcher is put into words.
type style int

const (
	verb style = iota
	attribute
)

func say(m types.GomegaMatcher, s style) string {
	switch m := m.(type) {
	case *matchers.AndMatcher:
		return joined(m.Matchers, "and", s)
	case *matchers.OrMatcher:
		return joined(m.Matchers, "or", s)
	case *matchers.NotMatcher:
		return "not " + grouped(m.Matcher, s)
	case *matchers.WithTransformMatcher:
		return conjugated(fmt.Sprintf("become by %s what should %s", function(m.Transform), Should(m.Matcher)), s)
	case *matchers.HaveValueMatcher:
		return conjugated("point to what should "+Should(m.Matcher), s)
	case *matchers.BeNumericallyMatcher:
		return compared(m.Comparator, m.CompareTo, s)
	case *matchers.BeTemporallyMatcher:
		values := []any{m.CompareTo}
		for _, t := range m.Threshold {
			values = append(values, t)
		}
		return compared(m.Comparator, values, s)
	case fmt.Stringer:
		return conjugated(m.String(), s)
	}
	return conjugated(phrase(m), s)
}

// phrase is what a matcher alone wants.
func phrase(m types.GomegaMatcher) string {
	switch m := m.(type) {
	case *matchers.MatchRegexpMatcher:
		return "match " + text(m.Regexp, m.Args)
	case *matchers.ContainSubstringMatcher:
		return "contain substring " + text(m.Substr, m.Args)
	case *matchers.HavePrefixMatcher:
		return "have prefix " + text(m.Prefix, m.Args)
	case *matchers.HaveSuffixMatcher:
		return "have suffix " + text(m.Suffix, m.Args)
	case *matchers.EqualMatcher:
		return "equal " + Value(m.Expected)
	case *matchers.HaveLenMatcher:
		return fmt.Sprintf("have length %d", m.Count)
	case *matchers.HaveCapMatcher:
		return fmt.Sprintf("have capacity %d", m.Count)
	case *matchers.ConsistOfMatcher:
		return "consist of " + list(m.Elements)
	case *matchers.ContainElementsMatcher:
		return "contain elements " + list(m.Elements)
	case *matchers.HaveExactElementsMatcher:
		return "have exactly the elements " + list(m.Elements)
	case *matchers.BeElementOfMatcher:
		return "be one of " + list(m.Elements)
	case *matchers.ContainElementMatcher:
		return "contain element " + Value(m.Element)
	case *matchers.AssignableToTypeOfMatcher:
		return fmt.Sprintf("be assignable to %T", m.Expected)
	case *matchers.SatisfyMatcher:
		return "satisfy " + function(m.Predicate)
	case *matchers.HaveKeyWithValueMatcher:
		return fmt.Sprintf("have key %s with value %s", Value(m.Key), Value(m.Value))
	case *matchers.HaveFieldMatcher:
		return fmt.Sprintf("have field %s that should %s", m.Field, expected(m.Expected))
	case *matchers.HaveOccurredMatcher:
		return "be an error"
	}
	return general(m)
}

// general names a matcher by its type and what its fields hold.
func general(m types.GomegaMatcher) string {
	t := reflect.TypeOf(m)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	fields := fieldsOf(reflect.ValueOf(m))
	if strings.HasPrefix(t.PkgPath(), "github.com/onsi/gomega/matchers") {
		out := words(strings.TrimSuffix(t.Name(), "Matcher"))
		for _, f := range fields {
			if f.value != `""` { // an option that nobody has used
				out += " " + f.value
			}
		}
		return out
	}
	if t.String() == "gcustom.CustomGomegaMatcher" {
		// What its author named it stands in its message alone.
		message := m.FailureMessage(nil)
		return evidence.Excerpt(strings.TrimPrefix(message[strings.LastIndexByte(message, '\n')+1:], "to "), maxValue)
	}
	var named []string
	for _, f := range fields {
		named = append(named, f.name+": "+f.value)
	}
	name := t.String()
	if len(named) > 0 {
		name += "{" + strings.Join(named, ", ") + "}"
	}
	return "satisfy " + name
}

// words splits a name of Go: HaveHTTPStatus is have HTTP status.
func words(name string) string {
	var b strings.Builder
	runes := []rune(name)
	is := func(i int, of func(rune) bool) bool { return i >= 0 && i < len(runes) && of(runes[i]) }
	for i, r := range runes {
		if !unicode.IsUpper(r) {
			b.WriteRune(r)
			continue
		}
		starts := i == 0 || !is(i-1, unicode.IsUpper) || is(i+1, unicode.IsLower)
		if starts && i > 0 {
			b.WriteByte(' ')
		}
		if starts && !is(i+1, unicode.IsUpper) {
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// conjugated puts what completes "should" into the style that is wanted.
func conjugated(should string, s style) string {
	if s == verb {
		return should
	}
	first, rest, _ := strings.Cut(should, " ")
	rest = strings.TrimPrefix(rest, "substring ")
	switch first {
	case "be":
		return "that is " + rest
	case "have":
		return "with " + rest
	case "match", "contain", "consist":
		return first + "ing " + rest
	case "equal":
		return "equal to " + rest
	case "satisfy":
		return "satisfying " + rest
	}
	return "that should " + should
}

// compared is a comparison: >= 3, ~ 3 within 0.1.
func compared(comparator string, with []any, s style) string {
	text := comparator
	for i, v := range with {
		if i > 0 {
			text += " within"
		}
		text += " " + Value(v)
	}
	if s == verb {
		return "be " + text
	}
	return text
}

// joined says several matchers: a, b and c.
func joined(all []types.GomegaMatcher, by string, s style) string {
	var parts []string
	for _, m := range all {
		parts = append(parts, grouped(m, s))
	}
	switch n := len(parts); n {
	case 0:
		return conjugated("satisfy nothing in particular", s)
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " " + by + " " + parts[n-1]
	}
}

// grouped puts what is joined itself into parentheses.
func grouped(m types.GomegaMatcher, s style) string {
	many := 0
	switch m := m.(type) {
	case *matchers.AndMatcher:
		many = len(m.Matchers)
	case *matchers.OrMatcher:
		many = len(m.Matchers)
	}
	if many > 1 {
		return "(" + say(m, s) + ")"
	}
	return say(m, s)
}

// expected is a value or a matcher, as something that should be so.
func expected(v any) string {
	if m, ok := v.(types.GomegaMatcher); ok {
		return Should(m)
	}
	return "equal " + Value(v)
}

// text is what an author may have given with arguments for package fmt.
func text(format string, args []any) string {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return Value(format)
}

// list is a list of elements. As for Gomega, one that is a list is itself meant.
func list(elements []any) string {
	if len(elements) == 1 {
		if v := reflect.ValueOf(elements[0]); v.IsValid() && (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) {
			return Value(elements[0])
		}
	}
	return Value(elements)
}
