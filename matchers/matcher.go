// Package matchers holds the Gomega matchers of infrastructure specs, one a
// file. It is meant to be imported with a dot.
//
// A matcher asks its subject one thing, by one method, and serves whatever has
// that method: BeRunning serves services, processes, containers and other
// people's resources. Each chain may need one method more. There are three
// outcomes: it holds, it does not, and an error that says why it could not be
// told, which fails Should and ShouldNot alike.
//
// For its texts a matcher may use one more method of the subject,
//
//	Explain(question string) evidence.Evidence
//
// which returns the evidence of the last answer. Where it may ask for more than that,
// such as for names that are near, a method Answered like it asks nothing, and
// Explain is called only for a text that is shown.
package matchers

import (
	"fmt"

	"github.com/hostspec/hostspec/spec/evidence"
)

// matcher is what every matcher here embeds: what it wants, and what the last
// Match found, for the texts.
type matcher struct {
	// constructor is the name authors know it by: "BeInstalled".
	constructor string
	// wanted completes "should": "be installed with version >= 1.22".
	wanted string
	last   evidence.Evidence
	// near, where set, looks for what may help people to see what they mean.
	near func() string
}

// String completes "should", and is how one-liners are named.
func (m *matcher) String() string { return m.wanted }

// OnlyAsks marks what evidence.Asks is about.
func (m *matcher) OnlyAsks() {}

// FailureMessage tells what was wanted and what was found instead.
func (m *matcher) FailureMessage(actual any) string {
	if m.near != nil && m.last.Near == "" {
		m.last.Near = m.near()
	}
	return m.last.Text(name(actual) + " should " + m.wanted)
}

// NegatedFailureMessage tells what was found though it was not wanted.
func (m *matcher) NegatedFailureMessage(actual any) string {
	return m.last.Text(name(actual) + " should not " + m.wanted)
}

// name is a subject as people read it.
func name(actual any) string {
	if s, ok := actual.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", actual)
}

// explainer is a subject that can tell how its last answer came about.
type explainer interface {
	Explain(question string) evidence.Evidence
}

// explain keeps the evidence of the answer to a question of the subject. It is
// called within Match, since the next question replaces it.
func (m *matcher) explain(actual any, question string) {
	m.last, m.near = evidence.Evidence{}, nil
	e, ok := actual.(explainer)
	if !ok {
		return
	}
	a, ok := actual.(interface {
		Answered(question string) evidence.Evidence
	})
	if !ok {
		m.last = e.Explain(question)
		return
	}
	m.last = a.Answered(question)
	m.near = func() string { return e.Explain(question).Near }
}

// mistake is the error of a matcher that could hold on no target.
func mistake(format string, args ...any) error {
	return &evidence.Mistake{Err: fmt.Errorf(format, args...)}
}

// subject returns actual as the interface S, whose one method is written like
// method, or the error for a matcher that was given the wrong subject.
func subject[S any](m *matcher, actual any, method string) (S, error) {
	s, ok := actual.(S)
	if !ok {
		return s, mistake("%s needs a subject with the method %s, and %s (%T) has none", m.constructor, method, name(actual), actual)
	}
	return s, nil
}

// ask calls a method of the subject, named question, and keeps the evidence of
// its answer.
func ask[V any](m *matcher, actual any, question string, method func() (V, error)) (V, error) {
	v, err := method()
	m.explain(actual, question)
	return v, err
}
