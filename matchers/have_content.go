package matchers

import (
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec/wording"
)

// A containing looks for a text in a content that the subject may be better at searching.
type containing struct {
	match.Matcher
	text string
}

type content interface{ Content() (string, error) }

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
func HaveContent(want any) types.GomegaMatcher {
	if text, ok := want.(string); ok {
		return &containing{match.New("HaveContent", "have content containing "+wording.Value(text)), text}
	}
	return match.Text("HaveContent", "have content", want, content.Content)
}

// Match implements types.GomegaMatcher.
func (m *containing) Match(subject any) (bool, error) {
	if m.text == "" {
		return false, m.Mistake(`: every content contains ""; for an empty file write HaveSize(0)`)
	}
	type searcher interface {
		Contains(text string) (bool, error)
	}
	if _, ok := subject.(searcher); ok {
		return match.Ask(&m.Matcher, subject, func(s searcher) (bool, error) { return s.Contains(m.text) })
	}
	all, err := match.Ask(&m.Matcher, subject, content.Content)
	return err == nil && strings.Contains(all, m.text), err
}
