package cli

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is a buffer that a goroutine writes to as well.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Without a terminal, a line now and then says what is being done.
func TestProgress_InLines(t *testing.T) {
	out := &shared{}
	p := newProgress(out, true)
	p.every = time.Millisecond
	p.begin("converge")
	_, _ = p.sayer().Write([]byte("unpacking\nsetting up nginx\n"))
	line := regexp.MustCompile(`(?m)^  converge    \.\.\. +\d+ m?s  setting up nginx$`)
	for !line.MatchString(out.String()) {
		time.Sleep(time.Millisecond)
	}
	p.end()
	said := out.String()
	time.Sleep(5 * time.Millisecond)
	if out.String() != said {
		t.Error("it goes on after its end")
	}
	if strings.Contains(said, "\x1b") {
		t.Errorf("it says %q", said)
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{{"abc", 2, "ab"}, {"abc", 3, "abc"}, {"äöü", 2, "äö"}, {"漢字x", 4, "漢字"}, {"漢字", 3, "漢"}, {"", 0, ""}} {
		if got, _ := fit(c.text, c.width); got != c.want {
			t.Errorf("fit(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
