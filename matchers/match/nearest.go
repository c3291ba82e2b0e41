package match

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/excerpt"
)

// whole is how much of a text an answer shows by itself: of that nothing is near that
// cannot be seen.
const whole = 200

// point shows, of the text that an answer holds, the line that helps: the one that was
// found, or the one that is most like what was wanted.
func (m *Matcher) point(question, text string, want types.GomegaMatcher, held bool) {
	if len(text) <= whole {
		return
	}
	data := []byte(text)
	near := ""
	if held {
		near = foundAt(data, want)
	} else {
		near = missedAt(data, want)
	}
	if near == "" {
		return
	}
	if question == "Content" {
		m.last.Found = excerpt.Measure(data)
	}
	m.last.Near = near
}

// foundAt shows where a matcher that holds has found what it wants.
func foundAt(data []byte, want types.GomegaMatcher) string {
	switch w := want.(type) {
	case *matchers.MatchRegexpMatcher:
		if r, err := regexp.Compile(formatted(w.Regexp, w.Args)); err == nil {
			if at := r.FindIndex(data); at != nil {
				return excerpt.Around(data, at[0], string(data[at[0]:at[1]]))
			}
		}
	case *matchers.ContainSubstringMatcher:
		text := formatted(w.Substr, w.Args)
		if at := strings.Index(string(data), text); at >= 0 {
			return excerpt.Around(data, at, text)
		}
	case *matchers.NotMatcher:
		return missedAt(data, w.Matcher)
	case *matchers.AndMatcher:
		for _, inner := range w.Matchers {
			if near := foundAt(data, inner); near != "" {
				return near
			}
		}
	case *matchers.OrMatcher:
		for _, inner := range w.Matchers {
			if held, err := inner.Match(string(data)); held && err == nil {
				return foundAt(data, inner)
			}
		}
	}
	return ""
}

// missedAt shows what is most like what a matcher wants that does not hold.
func missedAt(data []byte, want types.GomegaMatcher) string {
	switch w := want.(type) {
	case *matchers.NotMatcher:
		return foundAt(data, w.Matcher)
	case *matchers.AndMatcher:
		for _, inner := range w.Matchers {
			if held, err := inner.Match(string(data)); !held && err == nil {
				return missedAt(data, inner)
			}
		}
		return ""
	case *matchers.EqualMatcher:
		if text, ok := w.Expected.(string); ok {
			return excerpt.Difference(data, text)
		}
	}
	if texts := wantedTexts(want); len(texts) > 0 {
		return excerpt.Nearest(data, texts...)
	}
	return ""
}

// wantedTexts are texts that something would be like that satisfies the matcher.
func wantedTexts(want types.GomegaMatcher) []string {
	switch w := want.(type) {
	case *matchers.ContainSubstringMatcher:
		return []string{formatted(w.Substr, w.Args)}
	case *matchers.MatchRegexpMatcher:
		r, err := syntax.Parse(formatted(w.Regexp, w.Args), syntax.Perl)
		if err != nil {
			return nil
		}
		return literals(r)
	case *matchers.OrMatcher:
		var out []string
		for _, inner := range w.Matchers {
			out = append(out, wantedTexts(inner)...)
		}
		return out
	}
	return nil
}

// maxLiterals bounds the ways in which the alternatives of an expression are put
// together.
const maxLiterals = 64

// literals are the texts that an expression has in it as they are, one for each of its
// alternatives: "(en|dis)abled.*" has enabled and disabled.
func literals(r *syntax.Regexp) []string {
	switch r.Op {
	case syntax.OpLiteral:
		return []string{string(r.Rune)}
	case syntax.OpCapture, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return literals(r.Sub[0])
	case syntax.OpAlternate:
		var out []string
		for _, sub := range r.Sub {
			out = append(out, literals(sub)...)
		}
		return out[:min(len(out), maxLiterals)]
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range r.Sub {
			var longer []string
			for _, tail := range literals(sub) {
				for _, head := range out {
					longer = append(longer, head+tail)
				}
			}
			out = longer[:min(len(longer), maxLiterals)]
		}
		return out
	}
	return []string{""}
}
