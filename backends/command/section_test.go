package command

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/hostspec/hostspec/backends/remote"
)

// aMark is what only marks are, and not what a command can print.
var aMark = regexp.MustCompile(`<(begin|end)>[+-]?[0-9]+\r?\n`)

// FuzzSection gives a stream in two pieces, and wants what stands between the marks
// whatever the pieces are.
func FuzzSection(f *testing.F) {
	for _, text := range []string{"", "mine\n", "<<<", "<end>", "<end>x\n", "<en", "<end>1", "<end>1\r", "<end>\n", "\x00\xff", "<end>99999999999999999999999\n", "<end><end>"} {
		for cut := range 60 {
			f.Add("noise<begin>$$\n", text, cut)
		}
	}
	f.Fuzz(func(t *testing.T, noise, text string, cut int) {
		if len(aMark.FindAllString(noise+"<begin>17\n"+text+"<end>9\n", -1)) != 2 {
			return
		}
		stream := []byte(noise + "<begin>17\n" + text + "<end>9\nlate<end>8\n")
		cut = max(0, min(cut, len(stream)))
		var out bytes.Buffer
		var s section
		s.expect("<begin>", "<end>", &remote.Gate{W: &out})
		_, _ = s.Write(stream[:cut])
		_, _ = s.Write(stream[cut:])
		s.close()
		if out.String() != text || s.number != 17 || s.code != 9 || !remote.IsClosed(s.ended) {
			t.Errorf("%q cut at %d: %q, %d, %d", stream, cut, out.String(), s.number, s.code)
		}
	})
}

// TestSectionWithoutEnd passes on all that came before the stream broke off.
func TestSectionWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	var s section
	s.expect("<begin>", "<end>", &remote.Gate{W: &out})
	for _, piece := range []string{"<begin>1", "7\nmine<en", "d>12"} {
		_, _ = s.Write([]byte(piece))
	}
	s.close()
	if out.String() != "mine<end>12" || remote.IsClosed(s.ended) {
		t.Errorf("%q", out.String())
	}
}
