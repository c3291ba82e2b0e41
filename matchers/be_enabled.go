package matchers

import "fmt"

type enabled struct {
	matcher
	level    int
	hasLevel bool
}

// BeEnabled succeeds when the subject is started at boot by its own enablement:
// systemctl is-enabled says enabled or enabled-runtime, a script of /etc/init.d has
// its links, OpenRC has it in a runlevel of the boot, it stands in the directory that
// runit or s6 watches. A static unit, which starts only when something else wants it,
// is not enabled, and neither is one that does not exist.
//
//	Service("nginx").Should(BeEnabled())
//
// The subject needs the method
//
//	Enabled() (bool, error)
func BeEnabled() *enabled {
	return &enabled{matcher: matcher{constructor: "BeEnabled", wanted: "be enabled"}}
}

// WithLevel wants the subject to be started at a run level of sysvinit, 0 to 6, or
// in the runlevel of OpenRC that has this number as its name. Where there are no run
// levels, as under systemd, it is an error.
//
// The subject needs the method
//
//	EnabledAtLevel(level int) (bool, error)
func (m *enabled) WithLevel(level int) *enabled {
	c := *m
	c.level, c.hasLevel, c.wanted = level, true, fmt.Sprintf("be enabled at run level %d", level)
	return &c
}

// Match implements types.GomegaMatcher.
func (m *enabled) Match(actual any) (bool, error) {
	if m.hasLevel {
		if m.level < 0 || m.level > 6 {
			return false, mistake("BeEnabled().WithLevel(%d): run levels go from 0 to 6", m.level)
		}
		s, err := subject[interface {
			EnabledAtLevel(level int) (bool, error)
		}](&m.matcher, actual, "EnabledAtLevel(level int) (bool, error)")
		if err != nil {
			return false, err
		}
		return ask(&m.matcher, actual, "EnabledAtLevel", func() (bool, error) { return s.EnabledAtLevel(m.level) })
	}
	s, err := subject[interface{ Enabled() (bool, error) }](&m.matcher, actual, "Enabled() (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "Enabled", s.Enabled)
}
