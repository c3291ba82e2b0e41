package loop

import (
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/evidence"
)

// What converge prints is masked before its end is cut off for the verdict.
func TestTogether_MasksBeforeItCuts(t *testing.T) {
	secret := "converge-" + strings.Repeat("s3cr3t", 1000) + "\x1b]0;x\x07"
	evidence.Remember(secret)
	var out strings.Builder
	both := &together{w: &out}
	stdout := &lines{to: both}
	for _, part := range []string{"token ", secret[:3000], secret[3000:] + " end \x1b[2J\n"} {
		if _, err := stdout.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	stdout.flush()
	for _, got := range []string{out.String(), both.last()} {
		if strings.TrimSpace(got) != `token *** end \x1b[2J` {
			t.Errorf("got %.200q", got)
		}
	}
}
