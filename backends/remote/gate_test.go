package remote

import (
	"bytes"
	"testing"
)

func TestGate(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
		pid  int
	}{
		{[]string{"mark17\n"}, "", 17},
		{[]string{"noise", "\nma", "rk1", "7", "\nmine\nmark18\n"}, "noise\nmine\nmark18\n", 17},
		{[]string{"no mark at all"}, "no mark at all", 0},
		{[]string{"mark$$ >&2\nmine"}, "mark$$ >&2\nmine", 0},
		{[]string{"mark17"}, "mark17", 0},
		{[]string{"mark$$\nmark", "18\r\nmine"}, "mark$$\nmine", 18},
	} {
		var out bytes.Buffer
		g := &Gate{W: &out, Mark: Mark{Word: []byte("mark")}}
		for _, s := range c.in {
			_, _ = g.Write([]byte(s))
		}
		g.End()
		if out.String() != c.want || g.PID() != c.pid {
			t.Errorf("%q: %q, %d", c.in, out.String(), g.PID())
		}
		g.Shut()
		_, _ = g.Write([]byte("late"))
		if out.String() != c.want {
			t.Errorf("%q: written to after it was shut", c.in)
		}
	}
}
