package target

import (
	"strings"
	"testing"
)

// FuzzParseSystem looks for a system that is told and is not whole.
func FuzzParseSystem(f *testing.F) {
	f.Add("Linux web1 6.1.0 x86_64\n0\nsystemd\n\nID=debian\n")
	f.Add("Linux web1 6.1.0 x86_64\n-1\n\n\nID=\"a\\\"b\nx\n")
	f.Add("Linux 6.1.0 x86_64\nroot\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSystem(Output{Stdout: []byte(text)})
		if err != nil {
			return
		}
		for _, word := range []string{s.Kernel, s.Hostname, s.Release, s.Machine} {
			if word == "" || strings.ContainsAny(word, " \t\n") {
				t.Errorf("%q is told by %q", word, text)
			}
		}
	})
}
