package evidence

import (
	"github.com/hostspec/hostspec/spec/internal/stack"
)

// Unknown is the error of "could not tell": the question was put, or tried, and
// neither yes nor no came back. It fails Should and ShouldNot alike.
type Unknown struct {
	// Evidence is what was asked and where.
	Evidence Evidence
	// Reason says why it could not be told: "dpkg-query: not found".
	Reason string
	// Advice is what the reader can do about it; may be empty.
	Advice string
	// Err is the cause, if there is one.
	Err error
}

func (e *Unknown) Error() string {
	if stack.ToldAbove() {
		return ""
	}
	if e.Evidence.Subject == "" {
		return e.Text("it")
	}
	return e.Text(e.Evidence.Subject)
}

// Text is the error under a title of its own: what should have been.
func (e *Unknown) Text(title string) string {
	because := e.Reason
	if because == "" && e.Err != nil {
		because = e.Err.Error()
	}
	if e.Advice != "" {
		because += "\n" + e.Advice
	}
	return e.Evidence.text(title+": could not tell", because)
}

// Unwrap returns the cause.
func (e *Unknown) Unwrap() error { return e.Err }

// Mistake is the error of a question that makes no sense on any target: a port
// above 65535, a path that is not absolute, a word that a chain does not know. It
// is its author's, found without asking anybody, and fails Should and ShouldNot
// alike.
type Mistake struct {
	// Subject is the resource as people read it; empty where a matcher is wrong.
	Subject string
	// Err says what is wrong.
	Err error
}

func (e *Mistake) Error() string {
	if e.Subject == "" {
		return e.Err.Error()
	}
	return e.Subject + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *Mistake) Unwrap() error { return e.Err }

// Missing is the error of asking for an attribute of what does not exist: the
// mode of a file that is not there. It fails Should and ShouldNot alike, and is
// a wrong answer rather than no answer.
type Missing struct {
	// Evidence is what was asked and where.
	Evidence Evidence
	// What does not exist, as people read it: File "/etc/nope".
	What string
	// Instead, where set, says more than that it does not exist, and completes "it":
	// "is not installed: its status is ...".
	Instead string
}

func (e *Missing) Error() string {
	if stack.ToldAbove() {
		return ""
	}
	return e.Text(e.What)
}

// Text is the error under a title of its own: what should have been.
func (e *Missing) Text(title string) string {
	ev := e.Evidence
	ev.Found = "" // the title says it
	instead := e.Instead
	if instead == "" {
		instead = "does not exist"
	}
	return ev.text(title+": it "+instead, "")
}
