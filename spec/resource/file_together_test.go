package resource

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hostspec/hostspec/spec/target"
)

// What was cut off, since others were read with it, is not content.
func TestFileContents_ReadTogetherAreWholeOrAskedLater(t *testing.T) {
	for name, c := range map[string]struct {
		first string
		size  int
		later bool
	}{
		"just": {"as asked together", target.MaxTogether, false}, "more": {"as asked together", target.MaxTogether + 1, true}, "alone": {"as asked", target.MaxTogether + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			out := append([]byte(c.first+"\n"), bytes.Repeat([]byte("x"), c.size)...)
			answers, err := fileContents.Parse(target.System{}, target.Question{Names: []string{"/f"}}, target.Output{Stdout: out})
			a := answers["/f"]
			if err != nil || errors.Is(a.Err, target.ErrLater) != c.later || !c.later && len(a.Fact.data) != c.size {
				t.Errorf("got %d bytes, %v, %v", len(a.Fact.data), a.Err, err)
			}
		})
	}
}
