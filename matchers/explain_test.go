package matchers_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/evidence"
)

// talkative numbers its answers, and has more to say about the last one.
type talkative struct{ asked int }

func (s *talkative) Running() (bool, error) { s.asked++; return s.asked%2 == 0, nil }

func (s *talkative) Answered(string) evidence.Evidence {
	return evidence.Evidence{Found: fmt.Sprintf("answer %d", s.asked)}
}

func (s *talkative) Explain(question string) evidence.Evidence {
	e := s.Answered(question)
	e.Found, e.Near = e.Found+" in full", "neighbours"
	return e
}

func TestFailuresTellMoreOfTheirOwnAnswer(t *testing.T) {
	g, s, first, second := NewWithT(t), &talkative{}, BeRunning(), BeRunning()
	g.Expect(first.Match(s)).To(BeFalse())
	g.Expect(first.FailureMessage(s)).To(And(ContainSubstring("answer 1 in full"), ContainSubstring("neighbours")))
	g.Expect(second.Match(s)).To(BeTrue())
	g.Expect(second.NegatedFailureMessage(s)).To(And(ContainSubstring("answer 2 in full"), ContainSubstring("neighbours")))
	g.Expect(first.Match(s)).To(BeFalse())
	g.Expect(second.Match(s)).To(BeTrue())
	g.Expect(first.FailureMessage(s)).To(And(ContainSubstring("found    answer 3"), Not(ContainSubstring("in full"))))
}
