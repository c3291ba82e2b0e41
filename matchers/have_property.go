package matchers

import "fmt"

type property struct {
	matcher
	key  string
	want expectation
	err  error
}

// HaveProperty succeeds when a property of the subject equals a string, or
// satisfies a matcher. A subject that does not exist, and a property that is not
// known, is an error.
//
//	Service("nginx").Should(HaveProperty("Restart", "on-failure"))
//	Service("nginx").Should(HaveProperty("ExecStart", ContainSubstring("/usr/sbin/nginx")))
//
// The subject needs the method
//
//	Property(key string) (string, error)
func HaveProperty(key string, want any) *property {
	e, err := equals[string](want)
	return &property{
		matcher: matcher{constructor: "HaveProperty", wanted: fmt.Sprintf("have property %s %s", key, e.text)},
		key:     key, want: e, err: err,
	}
}

// Match implements types.GomegaMatcher.
func (m *property) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, mistake("HaveProperty(%q, ...): %w", m.key, m.err)
	}
	s, err := subject[interface {
		Property(key string) (string, error)
	}](&m.matcher, actual, "Property(key string) (string, error)")
	if err != nil {
		return false, err
	}
	v, err := ask(&m.matcher, actual, "Property", func() (string, error) { return s.Property(m.key) })
	if err != nil {
		return false, err
	}
	return m.want.match(v)
}
