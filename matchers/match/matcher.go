// Package match is what matchers of infrastructure specs are made of, those of package
// matchers and other people's. It also holds the types of the matchers that have chains,
// such as BeListening().WithProtocol("tcp").
//
// A matcher asks its subject by one method. Where it is asked and shown like ours, it is
// one of the functions here:
//
//	// BeSealed succeeds when the vault is sealed.
//	func BeSealed() types.GomegaMatcher {
//		return match.That("BeSealed", "be sealed", func(s interface{ Sealed() (bool, error) }) (bool, error) { return s.Sealed() })
//	}
//
// or a struct that embeds a Matcher, and whose Match calls Ask:
//
//	func (m *haveDepth) Match(subject any) (bool, error) {
//		depth, err := match.Ask(&m.Matcher, subject, func(s interface{ Depth() (int, error) }) (int, error) { return s.Depth() })
//		return err == nil && depth < m.limit, err
//	}
//
// Such matchers are asked together with all others, in one exchange: their Match may run
// several times, does nothing but ask the subject, and passes on every error. The evidence
// of the answer stands in their failure texts.
package match

import (
	"fmt"
	"reflect"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A Matcher is what every matcher embeds: what it wants, and what the last Match found,
// for the texts. It has all methods of a types.GomegaMatcher but Match.
//
// For the texts it uses one more method of the subject,
//
//	Explain(question string) evidence.Evidence
//
// which returns the evidence of the last answer to a question, the name of a method.
// Where Explain may ask for more than that, such as for names that are near, a method
// Answered like it asks nothing, and Explain is called only for a text that is shown.
type Matcher struct {
	constructor, wanted string
	last                evidence.Evidence
	// more, where set, adds to last what may help people to see what they mean.
	more func()
}

// New makes a Matcher. constructor is the name that authors know it by, "BeInstalled", and
// wanted completes "should": "be installed".
func New(constructor, wanted string) Matcher {
	return Matcher{constructor: constructor, wanted: wanted}
}

// Want changes what completes "should", as chains do.
func (m *Matcher) Want(wanted string) { m.wanted = wanted }

// Hint says what is near what was found, for the texts of the last answer.
func (m *Matcher) Hint(near string) { m.last.Near = near }

// Mistake is the error of a matcher that could hold on no target: wrong usage, which is
// told before anything is asked. It begins with the constructor's name.
func (m *Matcher) Mistake(format string, args ...any) error {
	return &evidence.Mistake{Err: fmt.Errorf(m.constructor+format, args...)}
}

// Unknown is the error of a matcher to which what it was told does not say whether it holds:
// "could not tell", for Should and ShouldNot alike. Any other error is counted as a wrong
// answer, and so is this one within an author's own Expect. The evidence is that of the
// last answer.
func (m *Matcher) Unknown(format string, args ...any) error {
	return &evidence.Unknown{Evidence: m.last, Reason: evidence.Clean(fmt.Sprintf(format, args...))}
}

// String completes "should", and is how one-liners are named.
func (m *Matcher) String() string { return m.wanted }

// OnlyAsks marks what evidence.Asks is about.
func (m *Matcher) OnlyAsks() {}

// FailureMessage tells what was wanted and what was found instead.
func (m *Matcher) FailureMessage(subject any) string {
	return m.explained().Text(name(subject) + " should " + m.wanted)
}

// NegatedFailureMessage tells what was found though it was not wanted.
func (m *Matcher) NegatedFailureMessage(subject any) string {
	return m.explained().Text(name(subject) + " should not " + m.wanted)
}

// explained is the evidence of the last Match, with what is looked for only now.
func (m *Matcher) explained() evidence.Evidence {
	if m.more != nil {
		m.more()
		m.more = nil
	}
	return m.last
}

// name is a subject as people read it.
func name(subject any) string {
	if s, ok := subject.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", subject)
}

// explain keeps the evidence of the answer to a question of the subject. It is
// called within Match, since the next question replaces it.
func (m *Matcher) explain(subject any, question string) {
	m.last, m.more = evidence.Evidence{}, nil
	e, ok := subject.(interface {
		Explain(question string) evidence.Evidence
	})
	if !ok {
		return
	}
	a, ok := subject.(interface {
		Answered(question string) evidence.Evidence
	})
	if !ok {
		m.last = e.Explain(question)
		return
	}
	last := a.Answered(question)
	m.last = last
	m.more = func() {
		if a.Answered(question) != last {
			return // somebody has asked again since
		}
		more := e.Explain(question)
		// What the matcher itself has put into words is better.
		if m.last.Found == last.Found {
			m.last.Found = more.Found
		}
		if m.last.Near == "" {
			m.last.Near = more.Near
		}
	}
}

// Ask asks the subject by the one method of the interface S, which method calls, and keeps
// the evidence of the answer for the texts. A subject without that method is a mistake.
func Ask[S, V any](m *Matcher, subject any, method func(S) (V, error)) (V, error) {
	question, signature := methodOf[S]()
	s, ok := subject.(S)
	if !ok {
		var none V
		return none, m.Mistake(" needs a subject with the method %s, and %s (%T) has none", signature, name(subject), subject)
	}
	v, err := method(s)
	m.explain(subject, question)
	return v, err
}

// methodOf returns the name of the one method of the interface S, and how it is written.
func methodOf[S any]() (name, signature string) {
	t := reflect.TypeFor[S]()
	if t.Kind() != reflect.Interface || t.NumMethod() != 1 {
		panic(fmt.Sprintf("match: a subject is asked by an interface of one method, and %v is not one", t))
	}
	f := t.Method(0)
	return f.Name, f.Name + f.Type.String()[len("func"):]
}
