package matchers

type haveSELinuxLabel struct {
	matcher
	want expectation
	err  error
}

// HaveSELinuxLabel succeeds when the file's security context is this one, with its
// user, role, type and level, or satisfies a matcher. Where there is no SELinux it
// cannot be told.
//
//	File("/var/www").Should(HaveSELinuxLabel("system_u:object_r:httpd_sys_content_t:s0"))
//	File("/var/www").Should(HaveSELinuxLabel(ContainSubstring(":httpd_sys_content_t:")))
//
// The subject needs the method
//
//	SELinuxLabel() (string, error)
func HaveSELinuxLabel(label any) *haveSELinuxLabel {
	e, err := equals[string](label)
	return &haveSELinuxLabel{matcher: matcher{constructor: "HaveSELinuxLabel", wanted: "have SELinux label " + e.text}, want: e, err: err}
}

// Match implements types.GomegaMatcher.
func (m *haveSELinuxLabel) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, mistake("HaveSELinuxLabel: %w", m.err)
	}
	s, err := subject[interface{ SELinuxLabel() (string, error) }](&m.matcher, actual, "SELinuxLabel() (string, error)")
	if err != nil {
		return false, err
	}
	got, err := ask(&m.matcher, actual, "SELinuxLabel", s.SELinuxLabel)
	if err != nil {
		return false, err
	}
	return m.want.match(got)
}
