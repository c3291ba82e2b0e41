package evidence

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
	title := "could not tell"
	if e.Evidence.Subject != "" {
		title = e.Evidence.Subject + ": " + title
	}
	if e.Reason != "" {
		title += ": " + e.Reason
	} else if e.Err != nil {
		title += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		title += "\n  " + e.Advice
	}
	return e.Evidence.Text(title)
}

// Unwrap returns the cause.
func (e *Unknown) Unwrap() error { return e.Err }

// Missing is the error of asking for an attribute of what does not exist: the
// mode of a file that is not there. It fails Should and ShouldNot alike, and is
// a wrong answer rather than no answer.
type Missing struct {
	// Evidence is what was asked and where.
	Evidence Evidence
	// What does not exist, as people read it: File "/etc/nope".
	What string
}

func (e *Missing) Error() string { return e.Evidence.Text(e.What + " does not exist") }
