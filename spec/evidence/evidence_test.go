package evidence

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	e := Evidence{Found: "1.22.1-9 (dpkg)", Target: "ssh://deploy@web1", Asked: "dpkg-query -W", Status: "exit 0", Took: 31 * time.Millisecond}
	want := `Package "nginx" should be installed with version >= 1.24
  found    1.22.1-9 (dpkg)
  target   ssh://deploy@web1
  asked    dpkg-query -W                  exit 0, 31 ms`
	if got := e.Text(`Package "nginx" should be installed with version >= 1.24`); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e.Found = "two\nlines\n"
	if got := e.Text("x"); !strings.Contains(got, "  found    two\n           lines\n") {
		t.Errorf("lines do not stand below each other:\n%s", got)
	}
}

func TestUnknown(t *testing.T) {
	cause := errors.New("the cause")
	err := error(&Unknown{
		Evidence: Evidence{Subject: `Port "80"`, Target: "local://", Stderr: "ss: not found"},
		Reason:   "no tool", Advice: "install iproute2", Err: cause,
	})
	want := `Port "80": could not tell
  because  no tool
           install iproute2
  target   local://
  stderr   ss: not found`
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause cannot be found")
	}
	bare := (&Unknown{Err: cause}).Error()
	if bare != "it: could not tell\n  because  the cause" {
		t.Errorf("got %q", bare)
	}
}

func TestMissing(t *testing.T) {
	err := &Missing{Evidence: Evidence{Found: "does not exist", Target: "local://"}, What: `File "/x"`}
	if want := "File \"/x\": it does not exist\n  target   local://"; err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "<1 ms", 999 * time.Microsecond: "<1 ms", time.Millisecond: "1 ms", 9999 * time.Millisecond: "9999 ms", 12345 * time.Millisecond: "12.3 s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestRecorder(t *testing.T) {
	var got []Evidence
	ctx := WithRecorder(t.Context(), func(e Evidence) { got = append(got, e) })
	Record(ctx, Evidence{Question: "one"})
	Record(context.WithoutCancel(ctx), Evidence{Question: "two"})
	Record(t.Context(), Evidence{Question: "nobody listens"})
	if len(got) != 2 || got[1].Question != "two" {
		t.Errorf("got %v", got)
	}
}
