package target

import (
	"fmt"
	"testing"
)

func sized(name string) Want {
	k := &Kind[string]{Name: name, Size: func(s string) int { return len(s) }}
	return k.Of("x")
}

// What is kept of one epoch is bounded, and what does not fit is to be asked for alone.
func TestCache_Bounds(t *testing.T) {
	var c cache
	var as Identity
	text := make([]byte, MaxTogether)
	tooLarge := sized("too large")
	c.put(as, map[Want]reply{tooLarge: {fact: string(text) + "x"}}, 1)
	if r, ok := c.get(as, tooLarge, 1); ok || !r.later {
		t.Errorf("one byte too many is kept: %v", ok)
	}
	var wants []Want
	for i := range maxKept/MaxTogether + 1 {
		w := sized(fmt.Sprint(i))
		wants = append(wants, w)
		c.put(as, map[Want]reply{w: {fact: string(text)}}, 1)
	}
	for i, w := range wants {
		r, ok := c.get(as, w, 1)
		if last := i == len(wants)-1; ok == last || r.later != last {
			t.Errorf("answer %d of %d: known %v, later %v", i+1, len(wants), ok, r.later)
		}
	}
	c.put(as, map[Want]reply{wants[len(wants)-1]: {fact: string(text)}}, 2)
	if _, ok := c.get(as, wants[len(wants)-1], 2); !ok {
		t.Error("a new epoch has no room")
	}
}

func TestCache_Epochs(t *testing.T) {
	var c cache
	as, other := Identity{}, Identity{Sudo: true}
	w := (&Kind[int]{Name: "number"}).Of("x")
	if _, ok := c.get(as, w, 1); ok {
		t.Error("an empty cache knows something")
	}
	c.put(as, map[Want]reply{w: {fact: 7}}, 0)
	if _, ok := c.get(as, w, 0); ok {
		t.Error("what is asked anew each time was kept")
	}
	c.put(as, map[Want]reply{w: {fact: 7}}, 1)
	for _, test := range []struct {
		as    Identity
		epoch int64
		want  bool
	}{{as, 1, true}, {as, 2, false}, {other, 1, false}, {as, 0, false}} {
		if _, ok := c.get(test.as, w, test.epoch); ok != test.want {
			t.Errorf("%+v: %v", test, ok)
		}
	}
}
