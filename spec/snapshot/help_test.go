package snapshot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/command"
	_ "github.com/hostspec/hostspec/backends/local"
	_ "github.com/hostspec/hostspec/backends/ssh"
	"github.com/hostspec/hostspec/spec/snapshot"
	"github.com/hostspec/hostspec/spec/target"
)

func TestMain(m *testing.M) { rig.Main(m) }

// open opens a target for the length of a test.
func open(t testing.TB, uri string) *target.Target {
	t.Helper()
	u, err := backends.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	tg := target.New(u, target.Options{})
	t.Cleanup(func() {
		if err := tg.Close(); err != nil {
			t.Errorf("close %s: %v", uri, err)
		}
	})
	return tg
}

func take(t testing.TB, tg *target.Target, opt snapshot.Options) *snapshot.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	s, err := snapshot.Take(ctx, tg, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told is what a comparison tells, a line each.
func told(before, after *snapshot.Snapshot, ignore ...string) []string {
	d := snapshot.Diff(before, after, snapshot.DiffOptions{Ignore: ignore})
	out := []string{}
	for _, i := range append(d.Items, d.Unknown...) {
		out = append(out, i.String())
	}
	return out
}

// below keeps the lines that speak of a folder.
func below(lines []string, dir string) []string {
	out := []string{}
	for _, l := range lines {
		if strings.Contains(l, dir) {
			out = append(out, strings.ReplaceAll(l, dir, "DIR"))
		}
	}
	return out
}

// attr is one attribute of a fact that must be there.
func attr(t testing.TB, s *snapshot.Snapshot, kind, name, key string) string {
	t.Helper()
	f, ok := s.Fact(kind, name)
	NewWithT(t).Expect(ok).To(BeTrue(), "%s %s", kind, name)
	value, _ := f.Attrs().Get(key)
	return value
}
