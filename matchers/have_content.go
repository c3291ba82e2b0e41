package matchers

type haveContent struct {
	matcher
	want any
}

// HaveContent succeeds when the file's content contains a text, byte for byte, or
// satisfies a matcher. With a text it takes files of any size; with a matcher
// those of at most 16 MiB, and a larger one cannot be told.
//
//	File("/etc/nginx/nginx.conf").Should(HaveContent("worker_processes auto;"))
//	File("/etc/ssh/sshd_config").Should(HaveContent(MatchRegexp(`(?m)^PermitRootLogin no$`)))
//
// The subject needs the method
//
//	Content() (string, error)
//
// and may have a better one for a text:
//
//	Contains(text string) (bool, error)
func HaveContent(want any) *haveContent {
	return &haveContent{matcher: matcher{constructor: "HaveContent", wanted: "have content " + containsText(want)}, want: want}
}

// Match implements types.GomegaMatcher.
func (m *haveContent) Match(actual any) (bool, error) {
	text, isText := m.want.(string)
	if isText && text == "" {
		return false, mistake(`HaveContent: every content contains ""; for an empty file write HaveSize(0)`)
	}
	if s, ok := actual.(interface {
		Contains(text string) (bool, error)
	}); ok && isText {
		return ask(&m.matcher, actual, "Contains", func() (bool, error) { return s.Contains(text) })
	}
	s, err := subject[interface{ Content() (string, error) }](&m.matcher, actual, "Content() (string, error)")
	if err != nil {
		return false, err
	}
	return m.matchText(actual, "Content", s.Content, m.want)
}
