package matchers_test

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
)

// outcome asserts and returns the failure's text; empty where the assertion held.
func outcome(subject any, negated bool, m types.GomegaMatcher) string {
	text := ""
	g := gomega.NewGomega(func(message string, _ ...int) { text = message })
	if negated {
		g.Expect(subject).NotTo(m)
	} else {
		g.Expect(subject).To(m)
	}
	return text
}

// holds wants the matcher to hold: Should passes, and ShouldNot fails with all of
// the texts.
func holds(t *testing.T, subject any, m types.GomegaMatcher, texts ...string) {
	t.Helper()
	if text := outcome(subject, false, m); text != "" {
		t.Errorf("it should hold: %s", text)
	}
	reads(t, outcome(subject, true, m), texts)
}

// fails wants the matcher not to hold: ShouldNot passes, and Should fails with all
// of the texts.
func fails(t *testing.T, subject any, m types.GomegaMatcher, texts ...string) {
	t.Helper()
	if text := outcome(subject, true, m); text != "" {
		t.Errorf("it should not hold: %s", text)
	}
	reads(t, outcome(subject, false, m), texts)
}

// errs wants both Should and ShouldNot to fail with all of the texts.
func errs(t *testing.T, subject any, m types.GomegaMatcher, texts ...string) {
	t.Helper()
	for _, negated := range []bool{false, true} {
		reads(t, outcome(subject, negated, m), texts)
	}
}

func reads(t *testing.T, got string, texts []string) {
	t.Helper()
	if got == "" {
		t.Error("the assertion held")
		return
	}
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("want %q in:\n%s", text, got)
		}
	}
}
