package target

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// reader is a kind that a function answers in place of files.
func reader(read func(ctx context.Context, r backends.FileReader, name string) (string, error)) *Kind[string] {
	return &Kind[string]{Name: "reader", Ask: single.Ask, Parse: single.Parse, Read: OneByOne(read)}
}

// TestFetch_ReadsFilesBeforeTheShellIsAsked asks in one exchange what files did not tell.
func TestFetch_ReadsFilesBeforeTheShellIsAsked(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "file")
	first := reader(func(ctx context.Context, r backends.FileReader, name string) (string, error) {
		if name != "nothing" {
			return "", ErrAsk
		}
		if _, err := r.Stat(ctx, file, true); !errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("a question was asked meanwhile")
		}
		return "first", nil
	})
	falls := &Kind[string]{Name: "falls", Ask: single.Ask, Parse: single.Parse, Read: func(context.Context, backends.FileReader, System, []string) (map[string]Answer[string], error) {
		return nil, ErrAsk
	}}
	wants := []Want{single.Of("touch " + backends.Quote(file)), first.Of("nothing"), first.Of("echo one"), falls.Of("echo all")}
	target := open(t, "local://")
	replies, err := target.fetch(t.Context(), Identity{}, wants, 0, 2*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	for i, want := range []string{"", "first", "one\n", "all\n"} {
		g.Expect(replies[wants[i]].err).NotTo(HaveOccurred())
		g.Expect(replies[wants[i]].fact).To(Equal(want))
	}
	g.Expect(target.Stats().Exchanges).To(Equal(2), "the greeting and one more")
}

// TestFetch_ReadsTheNamesOfAKindTogether has a kind that answers about some names only,
// and says once what it looked at.
func TestFetch_ReadsTheNamesOfAKindTogether(t *testing.T) {
	g := NewWithT(t)
	var calls [][]string
	k := &Kind[string]{Name: "thing", Read: func(_ context.Context, _ backends.FileReader, sys System, names []string) (map[string]Answer[string], error) {
		calls = append(calls, names)
		g.Expect(sys.Family()).To(Equal("debian"))
		return map[string]Answer[string]{"a": {Fact: "A"}, "b": {Err: errors.New("torn"), Asked: "read the other list"}}, nil
	}, Reads: func(string) string { return "read the list" }}
	wants := []Want{k.Of("a"), k.Of("b"), k.Of("c"), k.Of("a")}
	target := open(t, "local://")
	replies, err := target.fetch(t.Context(), Identity{}, wants, 0, time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(calls).To(Equal([][]string{{"a", "b", "c"}}))
	g.Expect(replies[wants[0]].fact).To(Equal("A"))
	g.Expect(replies[wants[0]].evidence.Asked).To(Equal("read the list"))
	g.Expect(replies[wants[1]].err).To(MatchError(ContainSubstring("torn")))
	g.Expect(replies[wants[1]].evidence.Asked).To(Equal("read the other list"))
	g.Expect(replies[wants[2]].err).To(MatchError(ContainSubstring(`its files did not tell about thing "c"`)))
	g.Expect(target.Stats().Exchanges).To(BeZero())
}

// TestFetch_KeepsNothingOfWhoGaveUp has a reader who is told to stop while files are read.
func TestFetch_KeepsNothingOfWhoGaveUp(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	k := reader(func(context.Context, backends.FileReader, string) (string, error) {
		cancel()
		return "", ctx.Err()
	})
	target := open(t, "local://")
	g.Expect(target.Fetch(ctx, Identity{}, []Want{k.Of("a"), k.Of("b")}, 1)).To(MatchError(context.Canceled))
	g.Expect(target.Knows(Identity{}, k.Of("a"), 1)).To(BeFalse())
}

func TestFetch_AReadThatDoesNotReturnIsLeftToItself(t *testing.T) {
	g := NewWithT(t)
	returned := make(chan struct{})
	stuck := reader(func(ctx context.Context, _ backends.FileReader, _ string) (string, error) {
		g.Expect(backends.IsPatient(ctx)).To(BeTrue())
		<-returned
		return "late", nil
	})
	defer close(returned)
	_, err := ask(t, open(t, "local://"), stuck, "file", 100*time.Millisecond)
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(errDeadline))
}
