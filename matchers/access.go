package matchers

// access is BeReadable, BeWritable or BeExecutable.
type access struct {
	matcher
	class, user string
	chained     bool
	// The questions, each of which needs a method of its own.
	anybody   func(m *matcher, actual any) (bool, error)
	byClass   func(m *matcher, actual any, class string) (bool, error)
	byUser    func(m *matcher, actual any, user string) (bool, error)
	adjective string
}

// By wants the mode to give the right to "owner", "group" or "others".
//
// The subject needs the method ReadableBy(class string) (bool, error), or the same
// with Writable and Executable.
func (m *access) By(class string) *access {
	c := *m
	c.class, c.user, c.chained = class, "", true
	c.wanted = "be " + m.adjective + " by " + class
	return &c
}

// ByUser wants a user to have the right in fact, which also takes that he may
// enter all folders above. It is asked as that user: by root, or where it is the
// account that the target is reached with; else it cannot be told.
//
// The subject needs the method ReadableByUser(name string) (bool, error), or the
// same with Writable and Executable.
func (m *access) ByUser(name string) *access {
	c := *m
	c.class, c.user, c.chained = "", name, true
	c.wanted = "be " + m.adjective + " by user " + name
	return &c
}

// Match implements types.GomegaMatcher.
func (m *access) Match(actual any) (bool, error) {
	switch {
	case !m.chained:
		return m.anybody(&m.matcher, actual)
	case m.class == "owner" || m.class == "group" || m.class == "others":
		return m.byClass(&m.matcher, actual, m.class)
	case m.user != "":
		return m.byUser(&m.matcher, actual, m.user)
	case m.class != "":
		return false, mistake(`%s: want By("owner"), By("group") or By("others"), not By(%q); for the user of that name write ByUser(%q)`, m.constructor, m.class, m.class)
	}
	return false, mistake(`%s: want By("owner"), By("group"), By("others") or ByUser(NAME), not an empty name`, m.constructor)
}

// question asks a method that takes nothing.
func question[S any](name string, method func(S) (bool, error)) func(*matcher, any) (bool, error) {
	return func(m *matcher, actual any) (bool, error) {
		s, err := subject[S](m, actual, name+"() (bool, error)")
		if err != nil {
			return false, err
		}
		return ask(m, actual, name, func() (bool, error) { return method(s) })
	}
}

// questionOf asks a method that takes a word.
func questionOf[S any](name, parameter string, method func(S, string) (bool, error)) func(*matcher, any, string) (bool, error) {
	return func(m *matcher, actual any, word string) (bool, error) {
		s, err := subject[S](m, actual, name+"("+parameter+" string) (bool, error)")
		if err != nil {
			return false, err
		}
		return ask(m, actual, name, func() (bool, error) { return method(s, word) })
	}
}
