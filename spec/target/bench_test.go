package target

import (
	"fmt"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

func openForBenchmark(b *testing.B) *Target {
	b.Helper()
	u, err := backends.Parse("local://")
	if err != nil {
		b.Fatal(err)
	}
	t := New(u, Options{})
	b.Cleanup(func() {
		if err := t.Close(); err != nil {
			b.Error(err)
		}
	})
	return t
}

// BenchmarkExchange asks on a shell that is open.
func BenchmarkExchange(b *testing.B) {
	for _, n := range []int{1, 40} {
		b.Run(fmt.Sprintf("questions=%d", n), func(b *testing.B) {
			target := openForBenchmark(b)
			var wants []Want
			for i := range n {
				wants = append(wants, single.Of(fmt.Sprintf("echo %d", i)))
			}
			b.ReportAllocs()
			for b.Loop() {
				replies, err := target.fetch(b.Context(), Identity{}, wants, 0, 0)
				if err != nil || len(replies) != n {
					b.Fatal(len(replies), err)
				}
			}
		})
	}
}

// BenchmarkCommand runs a command that does nothing, in a process of its own:
// cold where no shell was opened ahead, spare where one was.
func BenchmarkCommand(b *testing.B) {
	for name, expected := range map[string]int{"cold": 0, "spare": maxSpares} {
		b.Run(name, func(b *testing.B) {
			target := openForBenchmark(b)
			b.ReportAllocs()
			for b.Loop() {
				target.Expect(Identity{}, expected)
				if _, _, err := target.Run(b.Context(), Identity{}, Script{Text: ":"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
