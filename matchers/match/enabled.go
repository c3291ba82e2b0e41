package match

import "fmt"

// Enabled is BeEnabled.
type Enabled struct {
	Matcher
	level    int
	hasLevel bool
}

// WithLevel wants the subject to be started at a run level of sysvinit, 0 to 6, or
// in the runlevel of OpenRC that has this number as its name. Where there are no run
// levels, as under systemd, it is an error.
//
// The subject needs the method
//
//	EnabledAtLevel(level int) (bool, error)
func (m *Enabled) WithLevel(level int) *Enabled {
	c := *m
	c.level, c.hasLevel = level, true
	c.Want(fmt.Sprintf("be enabled at run level %d", level))
	return &c
}

// Match implements types.GomegaMatcher.
func (m *Enabled) Match(subject any) (bool, error) {
	switch {
	case !m.hasLevel:
		return Ask(&m.Matcher, subject, func(s interface{ Enabled() (bool, error) }) (bool, error) { return s.Enabled() })
	case m.level < 0 || m.level > 6:
		return false, m.Mistake("().WithLevel(%d): run levels go from 0 to 6", m.level)
	}
	return Ask(&m.Matcher, subject, func(s interface {
		EnabledAtLevel(level int) (bool, error)
	}) (bool, error) {
		return s.EnabledAtLevel(m.level)
	})
}
