package match

// Access is BeReadable, BeWritable or BeExecutable.
type Access struct {
	Matcher
	adjective   string
	class, user string
	chained     bool
	// The questions, each of which needs a method of its own.
	anybody         func(m *Matcher, subject any) (bool, error)
	byClass, byUser func(m *Matcher, subject any, name string) (bool, error)
}

// NewAccess makes an Access from the methods of the subject that it asks, each of which is
// the one method of an interface. adjective is what the subject is to be: "readable".
func NewAccess[Anybody, Class, User any](constructor, adjective string,
	anybody func(Anybody) (bool, error), byClass func(Class, string) (bool, error), byUser func(User, string) (bool, error),
) *Access {
	return &Access{
		Matcher: New(constructor, "be "+adjective), adjective: adjective,
		anybody: func(m *Matcher, subject any) (bool, error) { return Ask(m, subject, anybody) },
		byClass: func(m *Matcher, subject any, class string) (bool, error) {
			return Ask(m, subject, func(s Class) (bool, error) { return byClass(s, class) })
		},
		byUser: func(m *Matcher, subject any, user string) (bool, error) {
			return Ask(m, subject, func(s User) (bool, error) { return byUser(s, user) })
		},
	}
}

// By wants the mode to give the right to "owner", "group" or "others".
//
// The subject needs the method ReadableBy(class string) (bool, error), or the same
// with Writable and Executable.
func (m *Access) By(class string) *Access { return m.chain(class, "", "by "+class) }

// ByUser wants a user to have the right in fact, which also takes that he may
// enter all folders above. It is asked as that user: by root, or where it is the
// account that the target is reached with; else it cannot be told.
//
// The subject needs the method ReadableByUser(name string) (bool, error), or the
// same with Writable and Executable.
func (m *Access) ByUser(name string) *Access { return m.chain("", name, "by user "+name) }

func (m *Access) chain(class, user, text string) *Access {
	c := *m
	c.class, c.user, c.chained = class, user, true
	c.Want("be " + m.adjective + " " + text)
	return &c
}

// Match implements types.GomegaMatcher.
func (m *Access) Match(subject any) (bool, error) {
	switch {
	case !m.chained:
		return m.anybody(&m.Matcher, subject)
	case m.class == "owner" || m.class == "group" || m.class == "others":
		return m.byClass(&m.Matcher, subject, m.class)
	case m.user != "":
		return m.byUser(&m.Matcher, subject, m.user)
	case m.class != "":
		return false, m.Mistake(`: want By("owner"), By("group") or By("others"), not By(%q); for the user of that name write ByUser(%q)`, m.class, m.class)
	}
	return false, m.Mistake(`: want By("owner"), By("group"), By("others") or ByUser(NAME), not an empty name`)
}
